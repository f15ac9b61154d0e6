//! What clients send, and the acknowledgements they get.

use super::support::{ANN, BOB, Sio, World};
use serde_json::{Value, json};

#[tokio::test]
async fn ids_may_be_numbers_or_text_and_acknowledgements_are_optional() {
    let (world, instance) = World::with_instance().await;
    let mut ann = Sio::open(instance.through_edge(ANN, "ann")).await.unwrap();
    assert_eq!(ann.call("subscribe", &json!("1")).await, json!({ "ok": true }));
    assert_eq!(ann.call("unsubscribe", &json!(1)).await, json!({ "ok": true }));
    ann.emit("subscribe", &json!(1)).await;
    ann.emit("subscribe-post", &json!("5")).await;
    // Events of one client take effect in their order, so this answer comes after.
    assert_eq!(ann.call("subscribe-post", &json!(6)).await, json!({ "ok": true }));
    world.happens(&World::comment((BOB, "bob"), 5, ANN, 50, "hi")).await;
    assert_eq!(ann.notification().await["type"], "new_comment");
    assert_eq!(ann.next().await.0, "new_comment");

    ann.emit("subscribe-post", &json!(7)).await;
    ann.emit("unsubscribe-post", &json!(7)).await;
    ann.emit("unsubscribe-post", &json!(5)).await;
    assert_eq!(ann.call("unsubscribe", &json!("1")).await, json!({ "ok": true }));
    for post in [5, 7] {
        world
            .happens(&World::comment((BOB, "bob"), post, ANN, 50 + post, "hi"))
            .await;
    }
    world
        .happens(&World::comment((BOB, "bob"), 6, ANN, 60, "still following this one"))
        .await;
    assert_eq!(ann.next().await.1["postId"], "6");
}

#[tokio::test]
async fn odd_events_are_answered_and_harm_nothing() {
    let (_world, instance) = World::with_instance().await;
    let mut ann = Sio::open(instance.through_edge(ANN, "ann")).await.unwrap();
    let odd = [
        json!(null),
        json!(true),
        json!({}),
        json!([]),
        json!([1, 2]),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(1e300),
    ];
    for event in ["subscribe", "unsubscribe", "subscribe-post", "unsubscribe-post"] {
        for id in &odd {
            let answer = ann.call(event, id).await;
            assert_eq!(
                (&answer["ok"], &answer["code"]),
                (&json!(false), &json!("VALIDATION_FAILED")),
                "{event} {id}"
            );
            assert!(answer["message"].is_string());
        }
        assert_eq!(
            ann.call_raw(&json!([event])).await["code"],
            "VALIDATION_FAILED",
            "{event} without an id"
        );
        // A binary attachment in place of the id: it is never a number.
        ann.post(format!(
            "451-[\"{event}\",{{\"_placeholder\":true,\"num\":0}}]\u{1e}bAQID"
        ))
        .await;
    }
    assert_eq!(ann.call("no-such-event", &json!(1)).await["code"], "BAD_REQUEST");
    ann.emit("no-such-event", &Value::Null).await;
    assert_eq!(ann.call("subscribe", &json!(ANN)).await, json!({ "ok": true }));
}

#[tokio::test]
async fn a_socket_may_follow_so_many_posts_and_no_more() {
    let (_world, instance) = World::with_instance().await;
    let mut socket = Sio::open(instance.direct()).await.unwrap();
    // All in a few requests, as a batch.
    for hundred in 0..5 {
        let batch: Vec<String> = (1..=100)
            .map(|id| format!("42[\"subscribe-post\",{}]", hundred * 100 + id))
            .collect();
        socket.post(batch.join("\u{1e}")).await;
    }
    assert_eq!(
        socket.call("subscribe-post", &json!(500)).await["ok"],
        true,
        "it follows this one already"
    );
    assert_eq!(socket.call("subscribe-post", &json!(501)).await["code"], "RATE_LIMITED");
    assert_eq!(socket.call("unsubscribe-post", &json!(1)).await["ok"], true);
    assert_eq!(socket.call("subscribe-post", &json!(501)).await["ok"], true);
}

#[tokio::test]
async fn requests_beyond_the_bounds_are_refused() {
    let (_world, instance) = World::with_instance().await;
    let client = instance.direct();
    let open = client.get("/socket.io/?EIO=4&transport=polling").await.text();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    let path = format!(
        "/socket.io/?EIO=4&transport=polling&sid={}",
        open["sid"].as_str().unwrap()
    );
    let huge = format!("4{}", "x".repeat(70_000));
    let answer = client
        .send(http::Method::POST, &path, Some("text/plain"), huge.into())
        .await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(client.get("/socket.io/").await.status, 400);
    assert_eq!(
        client.get("/socket.iox").await.problem().code.as_str(),
        "ROUTE_NOT_FOUND"
    );
}
