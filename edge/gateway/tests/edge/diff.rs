//! `edge diff`: what a file would change of the edge that runs.

use crate::support::{Setup, free_address};
use serde_json::{Value, json};
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_told_key_by_key_with_its_effect() {
    let setup = Setup::new();
    let edge = setup.start().await;
    let new = setup.file("new.yaml");
    let new_path = new.to_str().unwrap();
    // Other comments and another order of keys mean the same.
    fs::write(&new, format!("# moved\n{}", setup.text())).unwrap();
    let (code, told) = edge.types(&["diff", new_path]).await;
    assert_eq!(code, 0, "{told}");

    let text = setup.text();
    let changed = text
        .replace("timeouts: { request: 2m }", "timeouts: { request: 3m }")
        .replace("listeners:\n", "listeners: # moved\n");
    assert_ne!(changed, text);
    fs::write(&new, &changed).unwrap();
    let (code, told) = edge.types(&["diff", new_path]).await;
    assert_eq!(code, 2, "{told}");
    assert!(
        told.contains("~ routes.media.timeouts.request: 2m -> 3m (live)"),
        "{told}"
    );
    assert!(told.contains("1 difference from generation 1"), "{told}");
    // As machines read it; and nothing has become of it.
    let (code, told) = edge.types(&["diff", new_path, "--json"]).await;
    let report: Value = serde_json::from_str(&told).unwrap();
    let change = json!({ "path": "routes.media.timeouts.request", "before": "2m", "after": "3m", "effect": "live" });
    assert_eq!(
        (code, &report["verdict"], &report["changes"]),
        (2, &json!("changed"), &json!([change]))
    );
    assert_eq!(edge.status().await["generation"], 1);

    // Where it listens is for the next process.
    let moved = text.replace("${EDGE_BIND:-0.0.0.0:8080}", "127.0.0.1:1");
    assert_ne!(moved, text);
    fs::write(&new, moved).unwrap();
    let (code, told) = edge.types(&["diff", new_path]).await;
    assert!(code == 2 && told.contains("listeners.http.bind"), "{told}");
    assert!(told.contains("(needs upgrade)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_and_an_edge_that_is_away_have_codes_of_their_own() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let new = setup.file("new.yaml");
    let new_path = new.to_str().unwrap();
    fs::write(&new, setup.text().replace("upstream: media", "upstream: nobody")).unwrap();
    let (code, told) = edge.types(&["diff", new_path]).await;
    assert!(code == 1 && told.contains("E201") && told.contains("nobody"), "{told}");
    // Without a file: the edge's own, with what is set by hand.
    let target = auth.address.to_string();
    let (code, told) = edge.types(&["drain", "auth", &target, "--ttl", "5m"]).await;
    assert_eq!(code, 0, "{told}");
    let (code, told) = edge.types(&["diff"]).await;
    assert!(told.contains("drain") && told.contains(&target), "{code} {told}");
    let nowhere = free_address().to_string();
    let (code, told) = edge.types(&["diff", new_path, "--admin", &nowhere]).await;
    assert_eq!(code, 3, "{told}");
}
