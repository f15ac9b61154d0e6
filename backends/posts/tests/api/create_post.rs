//! `createPost`.

use crate::world::{POST, World, read};
use serde_json::json;
use shared_contracts::event::PostChanged;
use shared_testkit::Client;
use shared_testkit::assert_refused;

#[tokio::test]
async fn a_post_is_written_and_told_of() {
    let world = World::new().await;
    let query = format!(
        "mutation {{ createPost(input: {{ content: \" Hello World \", postType: \"TEXT\" }}) {{ success message code field post {{ {POST} }} }} }}"
    );
    let payload = world.ann().ask(&query).await;
    assert_eq!(payload["success"], true);
    let post = &payload["post"];
    assert_eq!(
        (&post["id"], &post["content"], &post["postType"]),
        (&json!("1"), &json!("Hello World"), &json!("TEXT"))
    );
    assert_eq!(
        (&post["likeCount"], &post["likedByMe"], &post["commentCount"]),
        (&json!(0), &json!(false), &json!(0))
    );
    let ann =
        json!({ "id": "7", "username": "ann", "fullName": "Ann Example", "avatarUrl": "https://example.org/ann.png" });
    assert_eq!(post["author"], ann);
    assert_eq!(*post, read(&world.anyone, "1").await);

    let events = world.outbox().await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind.as_str(), events[0].subject.as_deref()),
        ("post.created", Some("post/1"))
    );
    let data: PostChanged = serde_json::from_value(events[0].data.clone()).unwrap();
    assert_eq!(
        (
            data.post_id.as_str(),
            data.author.id.as_str(),
            data.author.username.as_str()
        ),
        ("1", "7", "ann")
    );
    assert_eq!(
        (data.content.as_str(), data.post_type.as_str()),
        ("Hello World", "TEXT")
    );
}

#[tokio::test]
async fn the_kind_may_be_quoted_or_bare_or_a_variable() {
    let world = World::new().await;
    for (written, kind) in [
        ("\"IMAGE\"", "IMAGE"),
        ("IMAGE", "IMAGE"),
        ("VIDEO", "VIDEO"),
        ("null", "TEXT"),
    ] {
        let query = format!(
            "mutation {{ createPost(input: {{ content: \"a\", postType: {written} }}) {{ post {{ postType }} }} }}"
        );
        assert_eq!(world.ann().ask(&query).await["post"]["postType"], kind, "{written}");
    }
    let query =
        "mutation($input: CreatePostInput!) { createPost(input: $input) { post { postType mediaUrls content } } }";
    let input =
        json!({ "content": "", "postType": "VIDEO", "mediaUrls": ["/media/a.mp4", "https://example.org/b.mp4"] });
    let answer = world.ann().graphql(query, json!({ "input": input })).await;
    let expected =
        json!({ "content": "", "postType": "VIDEO", "mediaUrls": ["/media/a.mp4", "https://example.org/b.mp4"] });
    assert_eq!(answer["data"]["createPost"]["post"], expected, "{answer}");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let long = "x".repeat(5001);
    let cases = [
        (json!({ "content": "" }), "content"),
        (json!({ "content": " \n " }), "content"),
        (json!({ "content": long }), "content"),
        (json!({ "content": "a\u{0}b" }), "content"),
        (json!({ "content": "a", "postType": "POEM" }), "postType"),
        (
            json!({ "content": "a", "mediaUrls": ["javascript:alert(1)"] }),
            "mediaUrls",
        ),
        (json!({ "content": "a", "mediaUrls": vec!["/a"; 11] }), "mediaUrls"),
    ];
    let query =
        "mutation($input: CreatePostInput!) { createPost(input: $input) { success message code field post { id } } }";
    for (input, field) in cases {
        let answer = world.ann().graphql(query, json!({ "input": input })).await;
        assert_refused(&answer["data"]["createPost"], "VALIDATION_FAILED", Some(field));
        assert!(answer["data"]["createPost"]["post"].is_null());
    }
    let longest = world
        .ann()
        .graphql(query, json!({ "input": { "content": "ä".repeat(5000) } }))
        .await;
    assert_eq!(longest["data"]["createPost"]["success"], true, "{longest}");
    assert_eq!(
        longest["data"]["createPost"]["post"]["id"], "1",
        "refused posts leave nothing, not even a number"
    );
    assert_eq!(world.said().await, ["post.created"]);
}

#[tokio::test]
async fn only_the_edge_says_who_it_is() {
    let world = World::new().await;
    let query = "mutation { createPost(input: { content: \"a\" }) { success message code field } }";
    let forged = Client::new(world.address).as_user(7, "ann");
    let guessed = Client::new(world.address)
        .header("x-service-token", "edge.guess")
        .as_user(7, "ann");
    let service = Client::peer(world.address, &world.tokens, "comments").as_user(7, "ann");
    for client in [&world.anyone, &forged, &guessed, &service] {
        assert_refused(&client.ask(query).await, "UNAUTHENTICATED", None);
    }
    assert!(world.said().await.is_empty());
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_an_error_that_names_the_field() {
    let world = World::new().await;
    for (input, field) in [
        ("{}", "input"),
        ("{ content: 1 }", "content"),
        ("{ content: \"a\", colour: \"red\" }", "input"),
        ("{ content: \"a\", postType: 3 }", "postType"),
    ] {
        let query = format!("mutation {{ createPost(input: {input}) {{ success }} }}");
        let answer = world.ann().graphql(&query, json!({})).await;
        let extensions = json!({ "code": "VALIDATION_FAILED", "field": field });
        assert_eq!(answer["errors"][0]["extensions"], extensions, "{input}");
    }
    assert!(world.said().await.is_empty());
}
