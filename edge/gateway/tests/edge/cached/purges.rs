//! What is kept goes: by tag, by address, by a change.

use super::{ask, get, start, status};
use http::Method;
use serde_json::json;
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn operators_purge_by_tag_by_address_and_all() {
    let (setup, edge, _source) = start().await;
    let [a, b, c] = [
        "/c/a?cache-control=max-age=60&cache-tag=post-1,list",
        "/c/b?cache-control=max-age=60&surrogate-key=post-2%20list",
        "/c/c?cache-control=max-age=60",
    ];
    let fill = || async {
        for path in [a, b, c] {
            get(&edge, path, &[]).await;
            assert_eq!(status(&get(&edge, path, &[]).await), "hit");
        }
    };
    let kept = || async {
        let mut kept = Vec::new();
        for path in [a, b, c] {
            kept.push(get(&edge, path, &[("cache-control", "only-if-cached")]).await.status == 200);
        }
        kept
    };
    let purge = async |wish: serde_json::Value| {
        let answer = edge.ask(Method::POST, "/cache/purge", wish).await.expect_status(200);
        answer.json()["purged"].as_u64().unwrap()
    };
    fill().await;
    assert_eq!(
        (purge(json!({ "tag": "Post-1" })).await, kept().await),
        (1, vec![false, true, true])
    );
    fill().await;
    assert_eq!(
        (purge(json!({ "tag": "list" })).await, kept().await),
        (2, vec![false, false, true])
    );
    fill().await;
    // Every variant and every caller's.
    get(&edge, c, &[("cookie", "a=b")]).await;
    let url = format!("http://{}{c}", edge.public);
    assert_eq!(
        (purge(json!({ "url": url })).await, kept().await),
        (2, vec![true, true, false])
    );
    assert_eq!(
        (purge(json!({ "url": a })).await, kept().await),
        (1, vec![false, true, false])
    );
    let (code, told) = edge.types(&["cache", "purge", "--all"]).await;
    assert_eq!(
        (code, told.as_str(), kept().await),
        (0, "1 answers went\n", vec![false; 3])
    );
    let (code, told) = edge.types(&["cache", "purge", "--tag", "x", "--all"]).await;
    assert!(code != 0 && told.contains("cannot be used with"), "{told}");
    let refused = edge.ask(Method::POST, "/cache/purge", json!({ "key": "a" })).await;
    assert_eq!(refused.status, 400);
    let audit = fs::read_to_string(setup.file("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        (&lines[0]["action"], &lines[0]["after"]["tag"]),
        (&json!("purge"), &json!("Post-1"))
    );
    assert_eq!(edge.metric("edge_cache_purged_total").await, 7.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_after_its_purge_is_not_kept() {
    let (_setup, edge, source) = start().await;
    let path = "/c/late?cache-control=max-age=60&cache-tag=late&hold";
    let asked = async { get(&edge, path, &[]).await };
    let purged = async {
        source.has_seen("/c/late", 1).await;
        edge.ask(Method::POST, "/cache/purge", json!({ "tag": "late" }))
            .await
            .expect_status(200);
        source.release();
    };
    let (answer, ()) = tokio::join!(asked, purged);
    assert_eq!(answer.text(), "answer 1 ");
    assert_eq!(get(&edge, path, &[]).await.text(), "answer 2 ");
    assert_eq!(status(&get(&edge, path, &[]).await), "hit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_an_address_takes_away_what_is_kept_of_it() {
    let (_setup, edge, _source) = start().await;
    let path = "/c/item?cache-control=max-age=60";
    for (method, told) in [
        (Method::POST, "fwd=uri-miss; stored"),
        (Method::DELETE, "fwd=uri-miss; stored"),
        (Method::OPTIONS, "hit"),
    ] {
        get(&edge, path, &[]).await;
        ask(&edge, method.clone(), path, &[]).await;
        assert_eq!(status(&get(&edge, path, &[]).await), told, "{method}");
    }
    // One that fails changes nothing.
    get(&edge, "/c/other?cache-control=max-age=60&status=404", &[]).await;
    ask(&edge, Method::POST, "/c/other?cache-control=max-age=60&status=404", &[]).await;
    let answer = get(&edge, "/c/other?cache-control=max-age=60&status=404", &[]).await;
    assert_eq!(status(&answer), "hit");
}
