//! Changes to header fields and to the path, by the route's own keys.

use crate::support::Setup;
use http::Method;
use serde_json::json;

/// Puts a route of its own before those of the shipped configuration.
fn with_route(setup: Setup, route: &'static str) -> Setup {
    setup.edit("\nroutes:\n", route)
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_set_and_removed_on_both_sides() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let route = "
routes:
  changed:
    match: { path_prefix: /changed }
    auth: public
    upstream: posts
    max_body: 10B
    headers:
      request:
        set: { X-Team: blue, x-request-id: forged, Accept-Language: de }
        remove: [Authorization, X-Old]
      response:
        set: { Strict-Transport-Security: max-age=63072000, server: newfeed }
        remove: [content-language]
";
    let edge = with_route(setup, route).start().await;
    let client = edge
        .client()
        .header("authorization", "Bearer x")
        .header("x-old", "1")
        .header("accept-language", "en")
        .header("x-request-id", "mine");
    let answer = client.get("/changed/a").await.expect_status(200);
    let seen = answer.json();
    for (name, value) in [
        ("x-team", json!(["blue"])),
        ("accept-language", json!(["de"])),
        ("authorization", json!(null)),
        ("x-old", json!(null)),
        // The route says so, and its word is the last.
        ("x-request-id", json!(["forged"])),
    ] {
        assert_eq!(seen["headers"][name], value, "{name}");
    }
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"));
    assert_eq!(answer.header("server"), Some("newfeed"));
    assert_eq!(answer.header("x-request-id"), Some("mine"), "the edge's own field");
    // The edge's own answers too, those that refuse among them.
    let refused = client.send(Method::POST, "/changed/a", None, "more than ten bytes".into());
    let refused = refused.await.expect_status(413);
    assert_eq!(refused.header("strict-transport-security"), Some("max-age=63072000"));
    assert_eq!(refused.problem().code.as_str(), "BODY_TOO_LARGE");
    // Other routes are as they were.
    let other = client.get("/api/posts/health").await.expect_status(200);
    assert_eq!(
        (other.header("strict-transport-security"), other.header("server")),
        (None, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_names_the_path_that_is_asked_for() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let route = "
routes:
  renamed:
    match: { path: \"/p/{author}/{id}\" }
    auth: public
    upstream: posts
    rewrite: /v2/posts/{id}/by/{author}
";
    let edge = with_route(setup, route).start().await;
    for (path, asked) in [
        ("/p/zo%C3%AB/7?x=%41&x=/../", "/v2/posts/7/by/zo%C3%AB?x=%41&x=/../"),
        ("/p/%61/b", "/v2/posts/b/by/a"),
    ] {
        let seen = edge.client().get(path).await.expect_status(200).json();
        assert_eq!(seen["target"], json!(asked), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rewrite_leads_to_what_is_the_services_own() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let route = "
routes:
  filled:
    match: { path: \"/p/{section}/{id}\" }
    auth: public
    upstream: posts
    rewrite: \"/{section}/{id}\"
  stripped:
    match: { path_prefix: /s }
    auth: public
    upstream: posts
    rewrite_prefix: /
";
    let edge = with_route(setup, route).start().await;
    for path in ["/p/internal/x", "/p/%69nternal/x", "/s/internal", "/s/internal/x"] {
        let refused = edge.client().get(path).await.expect_status(404);
        assert_eq!(refused.problem().code.as_str(), "ROUTE_NOT_FOUND", "{path}");
    }
    for (path, asked) in [("/p/internals/x", "/internals/x"), ("/s/x/internal", "/x/internal")] {
        let seen = edge.client().get(path).await.expect_status(200).json();
        assert_eq!(seen["target"], json!(asked), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_composed_schema_has_them_too() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let (setup, _auth) = setup.origin("AUTH").await;
    let changes = "match: { path: /graphql, methods: [GET, POST] }
    headers: { request: { remove: [x-user-id] }, response: { set: { x-api: one } } }";
    let setup = setup.edit("match: { path: /graphql, methods: [GET, POST] }", changes);
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = setup.tokens.token(7, "ann");
    let client = edge.client().header("authorization", &format!("Bearer {token}"));
    let body = json!({ "query": "{ getPosts { message } }" });
    let answer = client.post_json("/graphql", &body).await.expect_status(200);
    assert_eq!(answer.json()["data"]["getPosts"]["message"], "POSTS for nobody");
    assert_eq!(answer.header("x-api"), Some("one"));
}
