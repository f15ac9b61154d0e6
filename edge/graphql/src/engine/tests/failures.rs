use crate::SubgraphError;
use crate::testing::*;
use serde_json::{Value, json};

const MIXED: &str = "{ a: getPosts { success } getComments(postId: 1) { success } b: getPosts { success } }";

#[tokio::test]
async fn a_dead_subgraph_costs_only_its_own_fields() {
    for (error, code) in [
        (SubgraphError::Unavailable, "SERVICE_UNAVAILABLE"),
        (SubgraphError::Timeout, "UPSTREAM_TIMEOUT"),
        (SubgraphError::Failed, "UPSTREAM_FAILED"),
    ] {
        let response = run(&World::new().broken("posts", error), MIXED).await;
        assert_eq!(response["data"]["a"], Value::Null);
        assert_eq!(response["data"]["b"], Value::Null);
        assert!(response["data"]["getComments"]["success"].is_boolean());
        assert_eq!(
            codes(&response),
            [("a", code), ("b", code)].map(|(k, v)| (k.into(), v.into())).into()
        );
        assert_eq!(response["errors"][0]["path"], json!(["a"]));
        assert_eq!(response["errors"][0]["locations"], json!([{ "line": 1, "column": 3 }]));
    }
}

#[tokio::test]
async fn skipped_fields_of_a_dead_subgraph_are_no_errors() {
    let world = World::new().broken("comments", SubgraphError::Unavailable);
    let query =
        "query ($with: Boolean!) { getPosts { success } getComments(postId: 1) @include(if: $with) { success } }";
    let response = run_with(&world, query, json!({ "with": false })).await;
    assert!(response.get("errors").is_none(), "{response}");
    assert_eq!(codes(&run_with(&world, query, json!({ "with": true })).await).len(), 1);
}

#[tokio::test]
async fn a_mutation_goes_on_after_a_dead_subgraph() {
    let world = World::new().broken("posts", SubgraphError::Unavailable);
    let response = run(
        &world,
        "mutation { likePost(id: 1) { success } deleteComment(id: 1) { success } }",
    )
    .await;
    assert_eq!(world.order(), ["posts", "comments"]);
    assert_eq!(response["data"]["likePost"], Value::Null);
    assert!(response["data"]["deleteComment"]["success"].is_boolean());
}

#[tokio::test]
async fn errors_with_a_known_code_keep_text_and_path_others_are_masked() {
    let world = World::new().scripted(
        "posts",
        &json!({
            "data": { "a": { "success": null }, "b": null },
            "errors": [
                { "message": "posts is busy", "path": ["a", "success"], "locations": [{ "line": 9, "column": 9 }],
                  "extensions": { "code": "RATE_LIMITED", "field": "limit", "sql": "SELECT" } },
                { "message": "relation \"posts\" does not exist", "path": ["b"] },
                { "message": "password=hunter2", "path": ["b"], "extensions": { "code": "INTERNAL" } }
            ],
            "extensions": { "trace": "internal" }
        }),
    );
    let response = run(&world, MIXED).await;
    assert_eq!(
        response["errors"][0],
        json!({ "message": "posts is busy", "locations": [{ "line": 1, "column": 3 }], "path": ["a", "success"],
                "extensions": { "code": "RATE_LIMITED", "field": "limit" } })
    );
    assert_eq!(response["errors"][1]["extensions"]["code"], "INTERNAL");
    assert_eq!(response["errors"][1]["path"], json!(["b"]));
    let text = response.to_string();
    for secret in ["relation", "hunter2", "SELECT", "trace"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_data_is_an_error_for_each_of_its_fields() {
    for answer in [
        json!({ "errors": [{ "message": "no", "extensions": { "code": "SERVICE_UNAVAILABLE" } }] }),
        json!({ "data": null, "errors": [{ "message": "no", "extensions": { "code": "SERVICE_UNAVAILABLE" } }] }),
    ] {
        let response = run(&World::new().scripted("posts", &answer), MIXED).await;
        let code = "SERVICE_UNAVAILABLE";
        assert_eq!(
            codes(&response),
            [("a", code), ("b", code)].map(|(k, v)| (k.into(), v.into())).into()
        );
        assert_eq!(response["errors"].as_array().unwrap().len(), 2, "{response}");
        assert!(response["data"]["getComments"].is_object());
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failed_subgraph() {
    for answer in [
        "",
        "no json",
        "[]",
        "{\"data\":",
        "{\"data\":[1]}",
        "{\"data\":{\"a\":1}} x",
        "{\"errors\":3}",
        "{}",
    ] {
        let mut world = World::new();
        world.scripted.insert("posts", answer.into());
        let response = run(&world, MIXED).await;
        let code = "UPSTREAM_FAILED";
        assert_eq!(
            codes(&response),
            [("a", code), ("b", code)].map(|(k, v)| (k.into(), v.into())).into(),
            "{answer}"
        );
        assert!(response["data"]["getComments"].is_object());
    }
}

#[tokio::test]
async fn a_missing_field_is_told_and_a_surplus_one_dropped() {
    let world = World::new().scripted("posts", &json!({ "data": { "a": { "success": true }, "x": 1 } }));
    let response = run(&world, MIXED).await;
    assert_eq!(response["data"]["a"], json!({ "success": true }));
    assert_eq!(response["data"]["b"], Value::Null);
    assert!(response["data"].get("x").is_none());
    assert_eq!(codes(&response), [("b".into(), "UPSTREAM_FAILED".into())].into());
}

#[tokio::test]
async fn errors_that_belong_nowhere_are_still_told() {
    let answer = json!({ "data": { "a": null, "b": null }, "errors": [{ "message": "late", "path": ["zzz"] }, 7] });
    let response = run(&World::new().scripted("posts", &answer), MIXED).await;
    assert_eq!(response["errors"].as_array().unwrap().len(), 2);
    assert_eq!(codes(&response), [("-".into(), "INTERNAL".into())].into());
}
