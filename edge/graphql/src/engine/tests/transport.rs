use crate::testing::*;
use crate::{Engine, HttpRequest};
use http::{HeaderMap, Method};
use serde_json::json;

const GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");

fn code(answer: &crate::Answer) -> (u16, String, Option<String>) {
    let body = body(answer);
    assert!(body.get("data").is_none(), "{body}");
    let extensions = &body["errors"][0]["extensions"];
    let field = extensions["field"].as_str().map(str::to_owned);
    (
        answer.status.as_u16(),
        extensions["code"].as_str().unwrap().to_owned(),
        field,
    )
}

fn is(status: u16, code: &str, field: Option<&str>) -> (u16, String, Option<String>) {
    (status, code.into(), field.map(str::to_owned))
}

async fn posted(body: &str) -> (u16, String, Option<String>) {
    code(&raw_post(&engine(), &World::new(), &[], body.as_bytes()).await)
}

#[tokio::test]
async fn a_good_request_is_answered_in_the_wanted_format() {
    let body = br#"{"query":"{ getPosts { success } }","operationName":null,"variables":null,"extensions":{}}"#;
    let answer = raw_post(&engine(), &World::new(), &[], body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.content_type),
        (200, "application/json; charset=utf-8")
    );
    assert_eq!(answer.operation.unwrap().kind, "query");
    let answer = raw_post(&engine(), &World::new(), &[GRAPHQL], body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.content_type),
        (200, "application/graphql-response+json; charset=utf-8")
    );
    let answer = raw_post(&engine(), &World::new(), &[("accept", "text/html")], body).await;
    assert_eq!(code(&answer), is(406, "BAD_REQUEST", Some("Accept")));
}

#[tokio::test]
async fn a_post_must_be_json_so_that_no_form_can_send_it() {
    let body = br#"{"query":"{ getPosts { success } }"}"#;
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/json; charset=latin1",
        "application/jsonx",
    ] {
        let world = World::new();
        let answer = raw_post(&engine(), &world, &[("content-type", bad)], body).await;
        assert_eq!(
            code(&answer),
            is(415, "UNSUPPORTED_MEDIA_TYPE", Some("Content-Type")),
            "{bad}"
        );
        assert!(world.asked().is_empty());
    }
    for good in [
        "application/json",
        "Application/JSON; charset=\"UTF-8\"",
        "application/json;charset=utf-8",
    ] {
        assert_eq!(
            raw_post(&engine(), &World::new(), &[("content-type", good)], body)
                .await
                .status,
            200,
            "{good}"
        );
    }
}

#[tokio::test]
async fn malformed_requests_say_what_is_wrong() {
    for body in ["", "{", "{\"query\":", "nope", "{\"query\":\"{a}\"} x", "\u{1}"] {
        assert_eq!(posted(body).await, is(400, "MALFORMED_JSON", None), "{body}");
    }
    let invalid = raw_post(&engine(), &World::new(), &[], b"{\"query\":\"\xff\"}").await;
    assert_eq!(code(&invalid).0, 400);
    for body in [
        "[]",
        "[{\"query\":\"{ __typename }\"}]",
        "1",
        "-1",
        "1.5",
        "null",
        "true",
        "\"x\"",
    ] {
        assert_eq!(posted(body).await, is(400, "BAD_REQUEST", None), "{body}");
    }
    for (body, expected) in [
        (r#"{}"#, is(400, "VALIDATION_FAILED", Some("query"))),
        (r#"{"query":null}"#, is(400, "VALIDATION_FAILED", Some("query"))),
        (r#"{"query":" "}"#, is(400, "VALIDATION_FAILED", Some("query"))),
        (r#"{"query":{"a":1}}"#, is(400, "VALIDATION_FAILED", Some("query"))),
        (
            r#"{"query":"{a}","operationName":7}"#,
            is(400, "VALIDATION_FAILED", Some("operationName")),
        ),
        (
            r#"{"query":"{a}","variables":[1]}"#,
            is(400, "VALIDATION_FAILED", Some("variables")),
        ),
        (
            r#"{"query":"{a}","variables":"x"}"#,
            is(400, "VALIDATION_FAILED", Some("variables")),
        ),
        (
            r#"{"query":"{a}","extensions":true}"#,
            is(400, "VALIDATION_FAILED", Some("extensions")),
        ),
        (r#"{"query":"{a}","qwery":1}"#, is(400, "UNKNOWN_FIELD", Some("qwery"))),
        (
            r#"{"query":"{a}","query":"{b}"}"#,
            is(400, "BAD_REQUEST", Some("query")),
        ),
    ] {
        assert_eq!(posted(body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn graphql_errors_have_a_status_only_where_the_format_tells() {
    for (request, expected) in [
        (json!({ "query": "{ getPosts {" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ nope }" }), "GRAPHQL_VALIDATION_FAILED"),
        (
            json!({ "query": "subscription { getPosts { success } }" }),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (json!({ "query": "type Query { a: Int }" }), "GRAPHQL_VALIDATION_FAILED"),
        (
            json!({ "query": "query A { __typename } query B { __typename }" }),
            "BAD_REQUEST",
        ),
        (
            json!({ "query": "query A { __typename }", "operationName": "B" }),
            "BAD_REQUEST",
        ),
        (
            json!({ "query": "query ($i: ID!) { getPost(id: $i) { success } }" }),
            "VALIDATION_FAILED",
        ),
    ] {
        let engine = engine();
        for _ in 0..2 {
            // The second time from the cache.
            let text = request.to_string();
            let answer = raw_post(&engine, &World::new(), &[], text.as_bytes()).await;
            assert_eq!(
                (answer.status.as_u16(), code(&answer).1.as_str()),
                (200, expected),
                "{request}"
            );
            let answer = raw_post(&engine, &World::new(), &[GRAPHQL], text.as_bytes()).await;
            assert_eq!(
                (answer.status.as_u16(), code(&answer).1.as_str()),
                (400, expected),
                "{request}"
            );
        }
    }
    let answer = post(&engine(), &World::new(), &json!({ "query": "{\n  nope }" })).await;
    assert_eq!(
        body(&answer)["errors"][0]["locations"],
        json!([{ "line": 2, "column": 3 }])
    );
}

#[tokio::test]
async fn operation_names_select() {
    let query = "query A { getPosts { success } } mutation B { likePost(id: 1) { success } }";
    for (name, field) in [("A", "getPosts"), ("B", "likePost")] {
        let world = World::new();
        let answer = post(&engine(), &world, &json!({ "query": query, "operationName": name })).await;
        assert!(body(&answer)["data"][field].is_object());
        assert_eq!(answer.operation.unwrap().name.as_deref(), Some(name));
        assert_eq!(world.order(), ["posts"]);
    }
}

#[tokio::test]
async fn a_get_asks_and_never_changes() {
    let engine = engine();
    let query = "query ($id: ID!) { getPost(id: $id) { code } getComments(postId: $id) { success } }";
    let answer = get(
        &engine,
        &World::new(),
        &[("query", query), ("variables", r#"{"id":1}"#), ("operationName", "")],
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(body(&answer)["data"]["getPost"]["code"], r#".getPost{"id":1}.code{}"#);

    let world = World::new();
    let both = "query Q { __typename } mutation M { likePost(id: 1) { success } }";
    for parameters in [
        vec![("query", "mutation { likePost(id: 1) { success } }")],
        vec![("query", both), ("operationName", "M")],
    ] {
        let answer = get(&engine, &world, &parameters).await;
        assert_eq!(code(&answer), is(405, "METHOD_NOT_ALLOWED", None));
        assert_eq!(answer.allow, Some("POST"));
    }
    assert!(world.asked().is_empty());
    assert_eq!(
        get(&engine, &world, &[("query", both), ("operationName", "Q")])
            .await
            .status,
        200
    );

    for (parameters, expected) in [
        (vec![], is(400, "VALIDATION_FAILED", Some("query"))),
        (
            vec![("query", "{a}"), ("query", "{b}")],
            is(400, "BAD_REQUEST", Some("query")),
        ),
        (
            vec![("query", "{a}"), ("variables", "[")],
            is(400, "VALIDATION_FAILED", Some("variables")),
        ),
        (
            vec![("query", "{a}"), ("extensions", "7")],
            is(400, "VALIDATION_FAILED", Some("extensions")),
        ),
        (vec![("query", "{a}"), ("x", "7")], is(400, "UNKNOWN_FIELD", Some("x"))),
    ] {
        assert_eq!(
            code(&get(&engine, &world, &parameters).await),
            expected,
            "{parameters:?}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_refused() {
    async fn with(engine: &Engine, method: Method) -> crate::Answer {
        let headers = HeaderMap::new();
        let request = HttpRequest {
            method: &method,
            query: None,
            headers: &headers,
            body: &[],
        };
        engine.answer(request, &World::new(), &()).await
    }
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let answer = with(&engine(), method).await;
        assert_eq!(code(&answer), is(405, "METHOD_NOT_ALLOWED", None));
        assert_eq!(answer.allow, Some("GET, POST"));
    }
}
