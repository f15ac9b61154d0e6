//! Which service a request goes to, what it sees, and what the edge answers where there is none.

use crate::support::{Setup, raw};
use http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn each_path_goes_to_its_service() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let (setup, _posts) = setup.origin("POSTS").await;
    let (setup, _comments) = setup.origin("COMMENTS").await;
    let (setup, _media) = setup.origin("MEDIA").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    let client = edge.client();
    for (path, origin, target) in [
        ("/api/auth/me?x=%41", "AUTH", "/api/auth/me?x=%41"),
        ("/api/auth/health", "AUTH", "/api/auth/health"),
        ("/api/users/7", "AUTH", "/api/users/7"),
        ("/api/posts/health", "POSTS", "/api/posts/health"),
        ("/api/comments/health", "COMMENTS", "/api/comments/health"),
        ("/api/media/health", "MEDIA", "/api/media/health"),
        ("/media/a/b.png", "MEDIA", "/media/a/b.png"),
        (
            "/api/notifications/health",
            "NOTIFICATIONS",
            "/api/notifications/health",
        ),
        ("/notifications/socket.io/?EIO=4", "NOTIFICATIONS", "/socket.io/?EIO=4"),
        // The normal form is what is routed and what is sent on.
        ("/api/auth/%6De", "AUTH", "/api/auth/me"),
    ] {
        let seen = client.get(path).await.expect_status(200).json();
        assert_eq!(
            (&seen["origin"], &seen["target"]),
            (&json!(origin), &json!(target)),
            "{path}"
        );
    }
    assert!(
        client
            .get("/.well-known/jwks.json")
            .await
            .expect_status(200)
            .text()
            .contains(setup.tokens.kid())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_a_problem() {
    let edge = Setup::new().start().await;
    let client = edge.client();
    for path in [
        "/",
        "/api",
        "/api/authx",
        "/internal/users?ids=1",
        "/api/posts",
        "/socket.io/",
    ] {
        let answer = client.get(path).await.expect_status(404);
        assert_eq!(answer.problem().code.as_str(), "ROUTE_NOT_FOUND", "{path}");
    }
    let answer = client
        .send(Method::DELETE, "/graphql", None, Default::default())
        .await
        .expect_status(405);
    assert_eq!(answer.problem().code.as_str(), "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    for path in [
        "/api/auth/../internal/users",
        "/api//auth",
        "/api/auth/%2e%2e/x",
        "/api/auth/a%2Fb",
    ] {
        let answer = raw(
            edge.public,
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
        assert!(answer.contains("\"code\":\"BAD_REQUEST\""), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_cannot_say_who_they_are() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let mut client = edge
        .client()
        .header("x-request-id", "mine-1")
        .header("traceparent", TRACE);
    for name in shared_contracts::header::STRIPPED_FROM_CLIENTS {
        client = client.header(name, "forged");
    }
    let answer = client.get("/api/auth/me").await.expect_status(200);
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert_eq!((answer.header("server"), answer.header("x-powered-by")), (None, None));
    let seen = answer.json();
    let headers = &seen["headers"];
    let port = edge.public.port();
    for (name, value) in [
        ("x-forwarded-for", json!(["127.0.0.1"])),
        ("x-forwarded-proto", json!(["http"])),
        ("x-forwarded-host", json!([format!("127.0.0.1:{port}")])),
        ("x-service-token", json!([setup.service.token("edge")])),
        ("x-request-id", json!(["mine-1"])),
        ("traceparent", json!([TRACE])),
        ("x-user-id", json!(null)),
        ("x-user-role", json!(null)),
        ("x-session-id", json!(null)),
        ("forwarded", json!(null)),
        ("x-real-ip", json!(null)),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    // A name that `Connection` nominates is taken from what the client sent, never from what the edge adds.
    let nominated = edge.client().header("connection", "x-user-id, x-service-token");
    let seen = nominated.get("/api/auth/me").await.expect_status(200).json();
    assert_eq!(seen["headers"]["x-service-token"], json!([setup.service.token("edge")]));
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_could_forge_log_lines_is_replaced() {
    let edge = Setup::new().start().await;
    let client = edge.client().header("x-request-id", "a b\"c");
    let answer = client.get("/health").await.expect_status(200);
    let id = answer.header("x-request-id").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    let answer = client.get("/nope").await;
    assert_eq!(answer.problem().request_id.as_deref(), answer.header("x-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_refused_and_the_connection_closed() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    for head in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\nContent-Length : 5\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "transfer-encoding: gzip, chunked\r\n",
    ] {
        let smuggled = "0\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n";
        let request = format!("POST /api/auth/login HTTP/1.1\r\nhost: x\r\n{head}\r\n{smuggled}");
        let answer = raw(edge.public, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head}: {answer}");
    }
    let large = format!(
        "GET /health HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n",
        "x".repeat(40_000)
    );
    let answer = raw(edge.public, large.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 431 ") && answer.contains("HEADERS_TOO_LARGE"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_names_the_client() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("trusted_proxies: []", "trusted_proxies: [127.0.0.0/8]");
    let edge = setup.start().await;
    let client = edge
        .client()
        .header("x-forwarded-for", "6.6.6.6, 203.0.113.9, 127.0.0.2")
        .header("x-forwarded-proto", "https");
    let seen = client.get("/api/auth/me").await.expect_status(200).json();
    assert_eq!(seen["headers"]["x-forwarded-for"], json!(["203.0.113.9"]));
    assert_eq!(seen["headers"]["x-forwarded-proto"], json!(["https"]));
}
