use crate::testing::*;
use serde_json::{Value, json};

fn fault(response: &Value) -> (&str, &str) {
    assert!(response.get("data").is_none(), "{response}");
    let error = &response["errors"][0];
    assert_eq!(error["extensions"]["code"], "VALIDATION_FAILED");
    (
        error["extensions"]["field"].as_str().unwrap(),
        error["message"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn each_subgraph_gets_the_variables_it_uses_as_they_were_written() {
    let world = World::new();
    let query = "query ($in: GetPostsInput, $id: ID!, $with: Boolean!, $deep: Boolean = true, $unset: Int) {
        getPosts(input: $in) @include(if: $with) { posts { ...P } }
        getComments(postId: $id, limit: $unset) { success }
      } fragment P on Post { id @include(if: $deep) }";
    let request = r#"{"id": 9007199254740993, "in": { "limit":  5 }, "with": true, "unknown": {"a": 1}}"#;
    let body = format!(r#"{{"query":{},"variables":{request}}}"#, json!(query));
    let answer = raw_post(&engine(), &world, &[], body.as_bytes()).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("errors"), "{answer:?}");
    let asked = world.asked();
    assert_eq!(asked[0].1["variables"], json!({ "in": { "limit": 5 } }));
    assert_eq!(asked[1].1["variables"].to_string(), r#"{"id":9007199254740993}"#);
    assert!(
        asked[0].1["query"]
            .as_str()
            .unwrap()
            .starts_with("query($in: GetPostsInput, $deep: Boolean = true)")
    );
}

#[tokio::test]
async fn a_bad_variable_is_named_and_nothing_is_asked() {
    let world = World::new();
    let query = "mutation ($in: CreatePostInput!, $id: ID) { createPost(input: $in) { success } deletePost(id: $id) { success } }";
    assert!(run_with(&world, query, json!({})).await["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED");
    let query = query.replace("$id: ID)", "$id: ID!)");
    for (variables, field) in [
        (json!({ "id": 1 }), "variables.in"),
        (json!({ "id": 1, "in": null }), "variables.in"),
        (json!({ "id": 1, "in": "x" }), "variables.in"),
        (json!({ "id": 1, "in": {} }), "variables.in"),
        (json!({ "id": 1, "in": { "content": 7 } }), "variables.in"),
        (
            json!({ "id": 1, "in": { "content": "x", "mediaUrls": [1] } }),
            "variables.in",
        ),
        (json!({ "id": 1, "in": { "content": "x", "extra": 1 } }), "variables.in"),
        (json!({ "in": { "content": "x" } }), "variables.id"),
        (json!({ "id": 1.5, "in": { "content": "x" } }), "variables.id"),
        (json!({ "id": [1], "in": { "content": "x" } }), "variables.id"),
    ] {
        let response = run_with(&world, &query, variables.clone()).await;
        let (named, message) = fault(&response);
        assert_eq!(named, field, "{variables}: {message}");
        assert!(message.contains(field.trim_start_matches("variables.")), "{message}");
    }
    assert!(world.asked().is_empty());
    let long = json!({ "id": 1, "in": "x".repeat(100_000) });
    assert!(fault(&run_with(&world, &query, long).await).1.len() < 500);
}

#[tokio::test]
async fn values_nested_without_end_are_refused() {
    let world = World::new();
    let query = "query ($c: GetPostsInput) { getPosts(input: $c) { success } }";
    let body = format!(
        r#"{{"query":{},"variables":{{"c":{}}}}}"#,
        json!(query),
        "[".repeat(50_000) + &"]".repeat(50_000)
    );
    let answer = raw_post(&engine(), &world, &[], body.as_bytes()).await;
    assert_eq!(fault(&crate::testing::body(&answer)).0, "variables.c");
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn a_post_type_may_be_a_variable() {
    let query = "mutation ($t: PostType) { createPost(input: { content: \"x\", postType: $t }) { message } }";
    let response = run_with(&World::new(), query, json!({ "t": "TEXT" })).await;
    assert!(
        response["data"]["createPost"]["message"]
            .as_str()
            .unwrap()
            .contains(r#""postType":"TEXT""#),
        "{response}"
    );
}
