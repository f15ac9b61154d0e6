//! The composed `/graphql` over real pools.

use crate::support::{PATIENCE, Setup};
use http::Method;
use serde_json::{Value, json};
use shared_testkit::{Client, eventually};
use std::time::{Duration, Instant};

const MIXED: &str = "{ getPosts { message } getComments(postId: 1) { message } }";

async fn ask(client: &Client, query: &str) -> Value {
    client
        .post_json("/graphql", &json!({ "query": query }))
        .await
        .expect_status(200)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_subgraphs_answer_one_request() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let (setup, _comments) = setup.origin("COMMENTS").await;
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let expected = |user: &str| {
        json!({ "data": {
            "getPosts": { "message": format!("POSTS for {user}") },
            "getComments": { "message": format!("COMMENTS for {user}") },
        }})
    };
    assert_eq!(ask(&edge.client(), MIXED).await, expected("nobody"));
    let forger = edge.client().header("x-user-id", "1");
    assert_eq!(ask(&forger, MIXED).await, expected("nobody"));
    let user = edge
        .client()
        .header("authorization", &format!("Bearer {}", setup.tokens.token(7, "ann")));
    assert_eq!(ask(&user, MIXED).await, expected("7"));
    // Queries by GET too.
    let target = format!("/graphql?query={}", "%7B%20getPosts%20%7B%20message%20%7D%20%7D");
    let answer = edge.client().get(&target).await.expect_status(200);
    assert_eq!(answer.json()["data"]["getPosts"]["message"], "POSTS for nobody");
    assert!(answer.header("x-request-id").is_some() && answer.header("ratelimit").is_some());
    let mutation = format!(
        "/graphql?query={}",
        "mutation%20%7B%20createPost(input%3A%7Bcontent%3A%22a%22%7D)%20%7B%20message%20%7D%20%7D"
    );
    edge.client().get(&mutation).await.expect_status(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_or_a_foreign_page_is_stopped_before() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let body = || json!({ "query": "{ getPosts { message } }" });
    let bad = edge.client().header("authorization", "Bearer nonsense");
    let answer = bad.post_json("/graphql", &body()).await.expect_status(401);
    assert_eq!(answer.problem().code.as_str(), "TOKEN_INVALID");
    let cookie = format!("access_token={}", setup.tokens.token(7, "ann"));
    let foreign = edge
        .client()
        .header("cookie", &cookie)
        .header("origin", "https://evil.example");
    foreign.post_json("/graphql", &body()).await.expect_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_subgraph_takes_its_own_fields_and_no_time() {
    let (setup, posts) = Setup::new().origin("POSTS").await;
    let (setup, _comments) = setup.origin("COMMENTS").await;
    let edge = setup.start().await;
    let client = edge.client();
    assert_eq!(
        ask(&client, MIXED).await["data"]["getPosts"]["message"],
        "POSTS for nobody"
    );
    let address = posts.stop().await;
    let began = Instant::now();
    let answer = ask(&client, MIXED).await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert_eq!(answer["data"]["getPosts"], Value::Null);
    assert_eq!(answer["data"]["getComments"]["message"], "COMMENTS for nobody");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SERVICE_UNAVAILABLE");
    assert_eq!(answer["errors"][0]["path"], json!(["getPosts"]));
    assert!(!answer.to_string().contains(&address.port().to_string()), "{answer}");
    let _posts = crate::origins::Origin::start_at("POSTS", &setup.tokens, address).await;
    eventually(PATIENCE, || async { ask(&client, MIXED).await["errors"].is_null() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_graphql_is_told_so() {
    let edge = Setup::new().start().await;
    let client = edge.client();
    let kind = Some("application/json");
    let answer = client.send(Method::POST, "/graphql", kind, "{".into()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let answer = client
        .send(Method::POST, "/graphql", Some("text/plain"), "{ a }".into())
        .await;
    assert_eq!(answer.status, 415, "{answer:?}");
    let answer = client.post_json("/graphql", &json!({ "query": "{ nope }" })).await;
    assert_eq!(
        answer.json()["errors"][0]["extensions"]["code"],
        "GRAPHQL_VALIDATION_FAILED"
    );
}
