//! `GET /api/notifications` and `POST /api/notifications/read`.

use super::support::{ANN, BOB, Instance, World};
use serde_json::{Value, json};
use shared_testkit::Client;

/// Five notifications of ann (ids 1 to 5), one of bob (6).
async fn filled() -> (World, Instance, Client) {
    let (world, instance) = World::with_instance().await;
    let insert = "INSERT INTO notifications (user_id, kind, actor_id, post_id, message, data, created_at)";
    world
        .db
        .execute(&format!(
            "{insert} SELECT 1, 'post_liked', 3, n, 'm' || n, '{{}}', now() FROM generate_series(1, 5) n"
        ))
        .await;
    world
        .db
        .execute(&format!(
            "{insert} VALUES (2, 'mention', 3, 1, 'for bob', '{{}}', now())"
        ))
        .await;
    let ann = instance.through_edge(ANN, "ann");
    (world, instance, ann)
}

fn messages(page: &Value) -> Vec<&str> {
    page["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_are_ones_own_newest_first_and_stable_under_inserts() {
    let (world, _instance, ann) = filled().await;
    let first = ann.get("/api/notifications?limit=2").await.expect_status(200).json();
    assert_eq!(
        (first["success"].as_bool(), messages(&first)),
        (Some(true), vec!["m5", "m4"])
    );
    assert_eq!(
        (&first["unreadCount"], &first["pageInfo"]["hasNextPage"]),
        (&json!(5), &json!(true))
    );
    world.db.execute("INSERT INTO notifications (user_id, kind, actor_id, post_id, message, data, created_at) VALUES (1, 'mention', 2, 9, 'new', '{}', now())").await;
    let cursor = first["pageInfo"]["endCursor"].as_str().unwrap();
    let second = ann
        .get(&format!("/api/notifications?limit=3&cursor={cursor}"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(messages(&second), ["m3", "m2", "m1"]);
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let all = ann.get("/api/notifications").await.json();
    assert_eq!(messages(&all).len(), 6);
}

#[tokio::test]
async fn reading_counts_down_and_touches_ones_own_alone() {
    let (_world, instance, ann) = filled().await;
    let read = async |body: Value| {
        ann.post_json("/api/notifications/read", &body)
            .await
            .expect_status(200)
            .json()
    };
    assert_eq!(
        read(json!({ "ids": [1, "2", 6, 999] })).await,
        json!({ "success": true, "unreadCount": 3 })
    );
    assert_eq!(read(json!({ "ids": ["1"] })).await["unreadCount"], 3);
    assert_eq!(read(json!({ "ids": [] })).await["unreadCount"], 3);
    let page = ann.get("/api/notifications").await.json();
    let unread: Vec<_> = page["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["read"] == false)
        .collect();
    assert_eq!(unread, [true, true, true, false, false]);
    assert_eq!(read(json!({ "all": true })).await["unreadCount"], 0);
    assert_eq!(
        instance.inbox(BOB, 1).await["unreadCount"],
        1,
        "another user's stay unread"
    );
}

#[tokio::test]
async fn bad_requests_get_their_code_and_field() {
    let (_world, instance, ann) = filled().await;
    let queries = [
        ("limit=0", "VALIDATION_FAILED", Some("limit")),
        ("limit=101", "VALIDATION_FAILED", Some("limit")),
        ("limit=x", "VALIDATION_FAILED", Some("limit")),
        ("cursor=%25", "INVALID_CURSOR", Some("cursor")),
        ("cursor=cG9zdHM6MQ", "INVALID_CURSOR", Some("cursor")),
        ("colour=red", "UNKNOWN_FIELD", Some("colour")),
    ];
    for (query, code, field) in queries {
        let problem = ann
            .get(&format!("/api/notifications?{query}"))
            .await
            .expect_status(400)
            .problem();
        assert_eq!(
            (problem.code.as_str(), problem.field.as_deref()),
            (code, field),
            "{query}"
        );
    }
    let bodies = [
        (json!({}), "VALIDATION_FAILED", Some("ids")),
        (json!({ "ids": [1], "all": true }), "VALIDATION_FAILED", Some("all")),
        (json!({ "all": false }), "VALIDATION_FAILED", Some("all")),
        (json!({ "ids": ["x"] }), "VALIDATION_FAILED", Some("ids[0]")),
        (json!({ "ids": [1, -2] }), "VALIDATION_FAILED", Some("ids[1]")),
        (json!({ "ids": [null] }), "VALIDATION_FAILED", Some("ids[0]")),
        (json!({ "ids": vec![1; 501] }), "VALIDATION_FAILED", Some("ids")),
        (json!({ "id": [1] }), "UNKNOWN_FIELD", Some("id")),
    ];
    for (body, code, field) in bodies {
        let problem = ann
            .post_json("/api/notifications/read", &body)
            .await
            .expect_status(400)
            .problem();
        assert_eq!(
            (problem.code.as_str(), problem.field.as_deref()),
            (code, field),
            "{body}"
        );
    }
    let text = ann
        .send(
            http::Method::POST,
            "/api/notifications/read",
            Some("text/plain"),
            "{}".into(),
        )
        .await;
    assert_eq!(
        text.expect_status(415).problem().code.as_str(),
        "UNSUPPORTED_MEDIA_TYPE"
    );
    let forged = instance.direct().header("x-user-id", "1");
    for answer in [
        forged.get("/api/notifications").await,
        forged.post_json("/api/notifications/read", &json!({})).await,
    ] {
        assert_eq!(answer.expect_status(401).problem().code.as_str(), "UNAUTHENTICATED");
    }
    assert_eq!(ann.delete("/api/notifications").await.status, 405);
}

#[tokio::test]
async fn health_tells_of_the_database() {
    let world = World::new().await;
    let proxy = shared_testkit::FaultProxy::new(world.db.url()).await;
    let mut config = world.config();
    config.database.url = proxy.url().into();
    let instance = world.start_with(&config).await;
    let client = instance.through_edge(ANN, "ann");
    let ok = client.get("/api/notifications/health").await.expect_status(200).json();
    assert_eq!(
        ok,
        json!({ "success": true, "status": "ok", "service": "notifications" })
    );
    proxy.cut();
    assert_eq!(client.get("/health/ready").await.status, 503);
    let answer = client.get("/api/notifications").await.expect_status(503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.problem().code.as_str(), "SERVICE_UNAVAILABLE");
    proxy.resume();
    shared_testkit::eventually(super::support::SOON, || async {
        client.get("/api/notifications").await.status == 200
    })
    .await;
}
