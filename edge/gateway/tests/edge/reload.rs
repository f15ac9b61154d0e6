//! Reloads: what makes one, what it says, and what a mistake costs (nothing).

use crate::support::{Edge, PATIENCE, Setup, free_address};
use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use shared_testkit::eventually;
use std::{fs, os::unix::fs::symlink, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const KEY_SET: &str = "path: /.well-known/jwks.json, methods";
const MOVED: &str = "path: /keys, methods";
const BROKEN: (&str, &str) = (
    "upstream: media\n\n  comment_stream",
    "upsteam: media\n\n  comment_stream",
);

/// What became of the last reload, once it is told.
async fn told(edge: &Edge, outcome: &str) -> Value {
    eventually(PATIENCE, || async {
        let last = edge.status().await["config"]["lastReload"].take();
        Some(last).filter(|last| last["outcome"] == outcome)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_served_and_a_mistake_in_it_is_told_everywhere_and_costs_nothing() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    edge.client().get("/keys").await.expect_status(404);
    let status = edge.status().await;
    assert_eq!(
        (&status["generation"], &status["config"]["lastReload"]),
        (&1.into(), &Value::Null)
    );

    setup.rewrite(KEY_SET, MOVED);
    edge.serves(2).await;
    edge.client().get("/keys").await.expect_status(200);
    let last = told(&edge, "applied").await;
    assert_eq!(
        (&last["trigger"], &last["changes"]),
        (
            &"watch".into(),
            &json!(["~ routes.jwks.match.path: /.well-known/jwks.json -> /keys (live)"])
        )
    );
    assert_eq!(edge.metric("edge_config_generation").await, 2.0);
    assert_eq!(edge.metric("edge_config_reloads_total{result=\"applied\"}").await, 1.0);

    setup.rewrite(BROKEN.0, BROKEN.1);
    let last = told(&edge, "refused").await;
    assert_eq!(
        (&last["errors"][0]["code"], &last["generation"]),
        (&"E101".into(), &2.into())
    );
    assert!(
        last["errors"][0]["line"].as_u64() > Some(1) && last["errors"][0]["message"].to_string().contains("upsteam")
    );
    assert_eq!(edge.metric("edge_config_last_reload_successful").await, 0.0);
    assert_eq!(edge.metric("edge_config_reloads_total{result=\"refused\"}").await, 1.0);
    let since = edge.metric("edge_config_last_reload_success_timestamp_seconds").await;
    assert!(since > 1.7e9, "{since}");
    let log = edge.log();
    for line in [
        "configuration applied",
        "E101 edge.yaml:",
        "configuration refused: generation 2 goes on",
    ] {
        assert!(log.contains(line), "{line}");
    }
    edge.client().get("/keys").await.expect_status(200);
    let (code, printed) = edge.types(&["reload"]).await;
    assert!(code == 1 && printed.contains("E101 edge.yaml:"), "{code} {printed}");

    // As it was: no new generation, and nothing is wrong any more.
    setup.rewrite(BROKEN.1, BROKEN.0);
    told(&edge, "unchanged").await;
    assert_eq!(edge.status().await["generation"], 2);
    assert_eq!(edge.metric("edge_config_last_reload_successful").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_s_swap_of_a_link_is_a_change() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    for (version, text) in [("..1", setup.text()), ("..2", setup.text().replace(KEY_SET, MOVED))] {
        fs::create_dir(setup.file(version)).unwrap();
        fs::write(setup.file(version).join("edge.yaml"), text).unwrap();
    }
    symlink("..1", setup.file("..data")).unwrap();
    symlink("..data/edge.yaml", setup.file("edge.yaml")).unwrap();
    let edge = setup.start().await;
    edge.client().get("/keys").await.expect_status(404);
    symlink("..2", setup.file("..data_tmp")).unwrap();
    fs::rename(setup.file("..data_tmp"), setup.file("..data")).unwrap();
    edge.serves(2).await;
    edge.client().get("/keys").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_and_a_command_read_everything_again_and_say_when_nothing_is_new() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let schema = setup.file("comments.graphql");
    let shipped = fs::read_to_string(crate::support::root().join("conf/graphql/comments.graphql")).unwrap();
    fs::write(&schema, &shipped).unwrap();
    let edge = setup.start().await;
    edge.signal(Signal::HUP);
    assert_eq!(told(&edge, "unchanged").await["trigger"], "signal");
    let (code, printed) = edge.types(&["reload"]).await;
    assert_eq!((code, &*printed), (0, "unchanged: generation 1 serves on\n"));

    setup.rewrite("conf/graphql/comments.graphql", schema.to_str().unwrap());
    let outcome = edge.reload().await;
    assert_eq!(
        (&outcome["outcome"], &outcome["generation"]),
        (&"applied".into(), &2.into())
    );
    // The files that it names count like the file itself, mistakes included.
    fs::write(&schema, format!("{shipped}\n# more\n")).unwrap();
    edge.serves(3).await;
    fs::write(&schema, "type Query {").unwrap();
    let outcome = edge.reload().await;
    assert_eq!(
        (&outcome["outcome"], &outcome["errors"][0]["code"]),
        (&"refused".into(), &"E220".into())
    );
    fs::remove_file(&schema).unwrap();
    let outcome = edge.reload().await;
    assert_eq!(
        (&outcome["code"], &outcome["errors"][0]["code"]),
        (&"CONFIG_REFUSED".into(), &"E210".into())
    );
    // One that could not be read is watched all the same.
    fs::write(&schema, shipped).unwrap();
    edge.serves(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_change_live_waits_and_the_rest_does_not() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    setup.rewrite(KEY_SET, MOVED);
    setup.rewrite("${EDGE_BIND:-0.0.0.0:8080}", &free_address().to_string());
    setup.rewrite("connections_per_ip: 1024", "connections_per_ip: 1023");
    let outcome = edge.reload().await;
    let waits = json!(["listeners.http.bind", "limits.connections_per_ip"]);
    assert_eq!(
        (&outcome["outcome"], &outcome["needsUpgrade"]),
        (&"applied".into(), &waits)
    );
    edge.client().get("/keys").await.expect_status(200);
    assert_eq!(edge.status().await["config"]["needsUpgrade"], waits);
    assert!(
        edge.log()
            .contains("needs upgrade: listeners.http.bind, limits.connections_per_ip")
    );
    let (_, printed) = edge.types(&["status"]).await;
    assert!(
        printed.contains("needs upgrade: listeners.http.bind, limits.connections_per_ip"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_holds_until_the_file_s_content_changes() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    setup.rewrite(KEY_SET, MOVED);
    edge.reload().await;
    edge.client().get("/keys").await.expect_status(200);
    let (code, printed) = edge.types(&["rollback", "1"]).await;
    assert!(code == 0 && printed.contains("applied: generation 3"), "{printed}");
    edge.client().get("/keys").await.expect_status(404);
    assert_eq!(edge.status().await["config"]["rolledBackTo"], 1);
    let (_, printed) = edge.types(&["status"]).await;
    assert!(printed.contains("rolled back to what generation 1 was"), "{printed}");

    // Another time on the same content: the watcher looks, and leaves it at that.
    let text = fs::read_to_string(setup.file("edge.yaml")).unwrap();
    fs::write(setup.file("edge.yaml"), &text).unwrap();
    tokio::time::sleep(Duration::from_millis(1700)).await;
    assert_eq!(edge.status().await["generation"], 3);
    fs::write(setup.file("edge.yaml"), text + "trusted_proxies: [10.0.0.0/8]\n").unwrap();
    setup.rewrite("trusted_proxies: []\n", "");
    edge.serves(4).await;
    edge.client().get("/keys").await.expect_status(200);
    assert_eq!(edge.status().await["config"]["rolledBackTo"], Value::Null);

    // A command goes forward without another content.
    edge.ask(Method::POST, "/generations/1/rollback", Value::Null)
        .await
        .expect_status(200);
    edge.client().get("/keys").await.expect_status(404);
    edge.reload().await;
    edge.client().get("/keys").await.expect_status(200);

    let generations = edge.operator().get("/generations").await.expect_status(200).json();
    let all = generations["generations"].as_array().unwrap();
    let shown: Vec<(u64, &str, bool)> = all
        .iter()
        .map(|one| {
            (
                one["number"].as_u64().unwrap(),
                one["trigger"].as_str().unwrap(),
                one["active"] == true,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (6, "api", true),
            (5, "rollback", false),
            (4, "watch", false),
            (3, "rollback", false),
            (2, "api", false),
            (1, "start", false)
        ]
    );
    for (number, status) in [("6", 400), ("7", 404), ("x", 404)] {
        let path = format!("/generations/{number}/rollback");
        edge.ask(Method::POST, &path, Value::Null).await.expect_status(status);
    }
    let (code, printed) = edge.types(&["rollback", "99"]).await;
    assert!(
        code == 1 && printed.contains("NOT_FOUND") && printed.contains("6, 5"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_is_freed_with_its_last_request() {
    let (setup, comments) = Setup::new().origin("COMMENTS").await;
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = format!("Bearer {}", setup.tokens.token(7, "ann"));
    let client = edge.client().header("authorization", &token);
    comments.say("first").await;
    let mut events = client.events("/api/sse/comments/1").await;
    events.next(PATIENCE).await.unwrap();
    // A request that is not whole yet.
    let mut slow = TcpStream::connect(edge.public).await.unwrap();
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    eventually(PATIENCE, || async { edge.status().await["requestsInFlight"] == 2 }).await;
    let in_use = || async {
        let shown = edge.operator().get("/generations").await.json();
        let all = shown["generations"].as_array().unwrap().clone();
        let held = all.iter().filter(|one| one["inUse"] == true);
        held.map(|one| one["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    for (from, to) in [(KEY_SET, MOVED), (MOVED, KEY_SET), ("interval: 1s", "interval: 2s")] {
        setup.rewrite(from, to);
        assert_eq!(edge.reload().await["outcome"], "applied");
    }
    // The request holds the one it began with; the others had none, and what only stays open holds none.
    eventually(PATIENCE, || async { in_use().await == [4, 1] }).await;
    slow.write_all(b"}").await.unwrap();
    slow.read_to_end(&mut Vec::new()).await.unwrap();
    eventually(PATIENCE, || async { in_use().await == [4] }).await;
    comments.say("second").await;
    assert_eq!(events.next(PATIENCE).await.unwrap().data, "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_while_the_edge_drains_cuts_nothing() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("request: 15s", "request: 3s");
    let mut edge = setup.start().await;
    let client = edge.client();
    let slow = tokio::spawn(async move { client.get("/api/auth/slow").await });
    eventually(PATIENCE, || async { edge.status().await["requestsInFlight"] == 1 }).await;
    edge.signal(Signal::TERM);
    eventually(PATIENCE, || async { edge.log().contains("draining") }).await;
    setup.rewrite(KEY_SET, MOVED);
    edge.signal(Signal::HUP);
    assert_eq!(slow.await.unwrap().status, 504, "its own end");
    assert!(edge.ended().await.success());
}

/// A file that is emptied or gone is as good as one with a mistake.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_configuration_any_more_costs_nothing_either() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let file = setup.file("edge.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let refused = async |times: f64| {
        let name = "edge_config_reloads_total{result=\"refused\"}";
        eventually(PATIENCE, || async { edge.metric(name).await == times }).await;
        edge.client().get("/api/auth/me").await.expect_status(200);
    };
    fs::write(&file, "").unwrap();
    refused(1.0).await;
    fs::remove_file(&file).unwrap();
    refused(2.0).await;
    fs::write(&file, text).unwrap();
    told(&edge, "unchanged").await;
}
