use crate::testing::*;
use serde_json::{Value, json};

/// In alphabetical order: what order an object keeps depends on the features that serde_json is built with.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn queries(world: &World) -> Vec<String> {
    world
        .asked()
        .iter()
        .map(|(subgraph, body)| format!("{subgraph}: {}", body["query"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn root_fields_go_to_their_owners() {
    let world = World::new();
    let response = run(
        &world,
        "{ getPosts { success } c: getComments(postId: 1) { success } getPost(id: \"2\") { code } }",
    )
    .await;
    assert!(response.get("errors").is_none(), "{response}");
    assert_eq!(keys(&response["data"]), ["c", "getPost", "getPosts"]);
    assert_eq!(response["data"]["getPost"]["code"], r#".getPost{"id":"2"}.code{}"#);
    assert_eq!(
        queries(&world),
        [
            "posts: { getPosts { success } getPost(id: \"2\") { code } }",
            "comments: { c: getComments(postId: 1) { success } }"
        ]
    );
}

#[tokio::test]
async fn data_has_the_documents_order() {
    let query = "{ z: getComments(postId: 1) { success } __typename b: getPosts { success } a: getComments(postId: 2) { success } }";
    let answer = post(&engine(), &World::new(), &json!({ "query": query })).await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let places: Vec<_> = ["\"z\"", "\"__typename\"", "\"b\"", "\"a\""]
        .iter()
        .map(|key| text.find(key).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.starts_with("{\"data\":{\"z\":"), "{text}");
}

#[tokio::test]
async fn fragments_at_the_root_are_opened_and_others_sent_where_used() {
    let world = World::new();
    let query = "query Feed { ...Roots ... on Query { getComments(postId: 1) { comments { author { ...Who } } } } }
        fragment Roots on Query { getPosts { ...Page } ... { again: getPosts { posts { author { ...Who } } } } }
        fragment Page on PostsPayload { pageInfo { hasNextPage } }
        fragment Who on User { id }";
    let response = run(&world, query).await;
    assert!(response.get("errors").is_none(), "{response}");
    let asked = queries(&world);
    assert_eq!(
        asked[0],
        "posts: query Feed { getPosts { ...Page } again: getPosts { posts { author { ...Who } } } } \
         fragment Page on PostsPayload { pageInfo { hasNextPage } } fragment Who on User { id }"
    );
    assert_eq!(
        asked[1],
        "comments: query Feed { getComments(postId: 1) { comments { author { ...Who } } } } fragment Who on User { id }"
    );
    assert_eq!(world.asked()[0].1["operationName"], "Feed");
}

#[tokio::test]
async fn the_same_key_twice_is_one_field() {
    let world = World::new();
    let response = run(
        &world,
        "{ getPosts { success } getComments(postId: 1) { success } getPosts { message } }",
    )
    .await;
    assert_eq!(keys(&response["data"]["getPosts"]), ["message", "success"]);
    assert_eq!(world.order(), ["posts", "comments"]);
}

#[tokio::test]
async fn mutations_keep_the_documents_order() {
    let world = World::new();
    let query = "mutation { a: createPost(input: {content: \"1\"}) { success } b: likePost(id: 1) { success } \
        c: createComment(input: {postId: 1, content: \"2\"}) { success } d: deletePost(id: 1) { success } \
        e: deleteComment(id: 1) { success } f: deleteComment(id: 2) { success } __typename }";
    let response = run(&world, query).await;
    assert!(response.get("errors").is_none(), "{response}");
    assert_eq!(response["data"]["__typename"], "Mutation");
    assert_eq!(world.order(), ["posts", "comments", "posts", "comments"]);
    let first = world.asked()[0].1["query"].as_str().unwrap().to_owned();
    assert!(
        first.contains("a: createPost") && first.contains("b: likePost") && !first.contains("deletePost"),
        "{first}"
    );
}

#[tokio::test]
async fn conditions_at_the_root_are_decided_here() {
    let query = "query ($yes: Boolean!, $no: Boolean = false) {
        getPosts @include(if: $yes) { success }
        a: getComments(postId: 1) @include(if: $no) { success }
        b: getComments(postId: 1) @skip(if: $yes) { success }
        ... @include(if: $no) { c: getPosts { success } }
        ...F @skip(if: true)
        __typename @skip(if: $yes)
      } fragment F on Query { d: getPosts { success } }";
    let world = World::new();
    let response = run_with(&world, query, json!({ "yes": true })).await;
    assert_eq!(keys(&response["data"]), ["getPosts"], "{response}");
    assert_eq!(
        queries(&world),
        ["posts: { getPosts { success } }"],
        "comments is not asked at all"
    );
    let response = run_with(&World::new(), query, json!({ "yes": false, "no": true })).await;
    assert_eq!(keys(&response["data"]), ["__typename", "a", "b", "c"], "{response}");
    let response = run(&World::new(), "{ getPosts @skip(if: true) { success } }").await;
    assert_eq!(response, json!({ "data": {} }));
}

#[tokio::test]
async fn a_fragment_skipped_once_may_still_count_elsewhere() {
    let query = "query ($no: Boolean!) { ...F @include(if: $no) ...F } fragment F on Query { getPosts { success } }";
    let response = run_with(&World::new(), query, json!({ "no": false })).await;
    assert_eq!(keys(&response["data"]), ["getPosts"]);
}

#[tokio::test]
async fn introspection_is_answered_here_and_mixes_with_the_rest() {
    let world = World::new();
    let response = run(
        &world,
        "{ __typename __schema { queryType { name } mutationType { name } subscriptionType { name } } \
           user: __type(name: \"User\") { fields { name } } getPosts { success } none: __type(name: \"Nope\") { name } }",
    )
    .await;
    assert!(response.get("errors").is_none(), "{response}");
    let data = &response["data"];
    assert_eq!(data["__typename"], "Query");
    assert_eq!(
        data["__schema"],
        json!({ "queryType": {"name": "Query"}, "mutationType": {"name": "Mutation"}, "subscriptionType": null })
    );
    assert_eq!(data["user"]["fields"].as_array().unwrap().len(), 4);
    assert_eq!(data["none"], Value::Null);
    assert!(data["getPosts"]["success"].is_boolean());
    assert_eq!(queries(&world), ["posts: { getPosts { success } }"]);
}

#[tokio::test]
async fn introspection_obeys_variables_each_time() {
    let engine = engine();
    let query = "query ($name: String!) { __type(name: $name) { name } }";
    for name in ["User", "Post", "User"] {
        let answer = post(
            &engine,
            &World::new(),
            &json!({ "query": query, "variables": { "name": name } }),
        )
        .await;
        assert_eq!(body(&answer)["data"]["__type"]["name"], name);
    }
    for _ in 0..2 {
        let answer = post(
            &engine,
            &World::new(),
            &json!({ "query": "{ __schema { queryType { name } } }" }),
        )
        .await;
        assert_eq!(body(&answer)["data"]["__schema"]["queryType"]["name"], "Query");
    }
}

#[tokio::test]
async fn the_usual_introspection_query_is_within_the_limits() {
    let query = include_str!("introspection.graphql");
    let response = run(&World::new(), query).await;
    assert!(response.get("errors").is_none(), "{}", response["errors"]);
    let types = response["data"]["__schema"]["types"].as_array().unwrap();
    assert!(
        types
            .iter()
            .any(|ty| ty["name"] == "PostType" && ty["kind"] == "SCALAR")
    );
}

#[tokio::test]
async fn literals_reach_the_subgraph_unharmed() {
    for content in [
        r#""a \"b\" \\ \n \u00e4 😀""#,
        "\"\"\"\n  block \\\"\"\" text\n    more\n\"\"\"",
        r#""""#,
    ] {
        let world = World::new();
        let query = format!("mutation {{ createPost(input: {{ content: {content} }}) {{ message }} }}");
        let direct = resolve(&engine().api.schema, &query, None, &json!({}));
        assert_eq!(run(&world, &query).await["data"], direct["data"], "{content}");
    }
}

#[tokio::test]
async fn a_post_type_is_a_word_or_a_string_and_an_id_a_number_or_a_string() {
    for literal in ["TEXT", "\"TEXT\""] {
        let query =
            format!("mutation {{ createPost(input: {{ content: \"x\", postType: {literal} }}) {{ message }} }}");
        let response = run(&World::new(), &query).await;
        let message = response["data"]["createPost"]["message"].as_str().unwrap();
        assert!(message.contains(r#""postType":"TEXT""#), "{response}");
    }
    for id in ["1", "\"1\""] {
        let response = run(&World::new(), &format!("{{ getPost(id: {id}) {{ success }} }}")).await;
        assert!(response.get("errors").is_none(), "{response}");
    }
}
