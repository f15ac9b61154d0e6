//! Who may use the operator's listener, and what is written down of it.

use crate::support::{Edge, Setup, raw};
use http::Method;
use serde_json::{Value, json};
use shared_testkit::{Answer, Client};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

async fn put(client: Client, path: &str, body: &str) -> Answer {
    let body = body.to_owned().into();
    client.send(Method::PUT, path, Some("application/json"), body).await
}

async fn edge() -> (Setup, Edge, String) {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let path = format!("/upstreams/auth/targets/{}/override", auth.address);
    (setup, edge, path)
}

fn code(answer: &Answer) -> String {
    answer.problem().code.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_needs_no_token_and_everything_else_does() {
    let (_setup, edge, path) = edge().await;
    let anyone = Client::new(edge.admin);
    for open in ["/metrics", "/health", "/status"] {
        anyone.get(open).await.expect_status(200);
    }
    let wrong = anyone
        .clone()
        .header("authorization", "Bearer 0123456789abcdef0123456789abcdef");
    let basic = anyone.clone().header("authorization", "Basic x");
    for client in [anyone, wrong, basic] {
        for (method, path) in [
            (Method::GET, "/upstreams"),
            (Method::GET, "/overrides"),
            (Method::GET, "/generations"),
            (Method::GET, "/config"),
            (Method::POST, "/explain"),
            (Method::POST, "/diff"),
            (Method::POST, "/reload"),
            (Method::POST, "/generations/1/rollback"),
            (Method::PUT, "/upstreams/auth/breaker"),
            (Method::DELETE, &*path),
        ] {
            let answer = client
                .send(method, path, None, Default::default())
                .await
                .expect_status(401);
            assert_eq!(code(&answer), "UNAUTHENTICATED", "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(
                answer.problem().detail.contains("admin.token"),
                "says where the token is"
            );
        }
    }
    edge.operator().get("/upstreams").await.expect_status(200);
    let config = edge.operator().get("/config").await.expect_status(200).json();
    assert_eq!(config["limits"]["header_timeout"], "10s");
    assert_eq!(config["jwt"]["users"]["algorithms"], json!(["EdDSA"]));
    let known = edge
        .operator()
        .header("x-request-id", "op-1")
        .get("/nope")
        .await
        .expect_status(404);
    assert_eq!(
        (code(&known).as_str(), known.header("x-request-id")),
        ("NOT_FOUND", Some("op-1"))
    );
    let wrong = edge.operator().get("/reload").await.expect_status(405);
    assert_eq!(
        (code(&wrong).as_str(), wrong.header("allow")),
        ("METHOD_NOT_ALLOWED", Some("POST"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_an_operator_s_browser_can_do_nothing_not_even_with_the_token() {
    let (setup, edge, _) = edge().await;
    for path in ["/status", "/metrics", "/health", "/upstreams"] {
        let rebound = edge.operator().header("host", "evil.example:9901");
        assert_eq!(code(&rebound.get(path).await.expect_status(403)), "FORBIDDEN", "{path}");
        for origin in ["http://evil.example", "null", "http://localhost:5173"] {
            let foreign = edge.operator().header("origin", origin);
            assert_eq!(
                code(&foreign.get(path).await.expect_status(403)),
                "CROSS_SITE_REQUEST",
                "{origin}"
            );
        }
    }
    let image = edge.operator().header("sec-fetch-site", "cross-site");
    image.get("/status").await.expect_status(403);
    let own = edge.operator().header("origin", &format!("http://{}", edge.admin));
    own.get("/upstreams").await.expect_status(200);
    let port = edge.admin.port();
    for host in [
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        "127.0.0.1".to_owned(),
    ] {
        edge.operator()
            .header("host", &host)
            .get("/status")
            .await
            .expect_status(200);
    }
    let answer = raw(edge.admin, b"GET /status HTTP/1.0\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.0 403 "),
        "{answer}"
    );
    drop(setup);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_others_can_read_is_not_used_and_a_new_one_counts_at_once() {
    let (setup, edge, _) = edge().await;
    let file = setup.file("admin.token");
    let mode = |mode| fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let old = edge.operator();
    old.get("/upstreams").await.expect_status(200);
    mode(0o644);
    let answer = old.get("/upstreams").await.expect_status(503);
    assert!(
        answer
            .problem()
            .detail
            .contains(&format!("chmod 600 {}", file.display())),
        "{answer:?}"
    );
    let (code, printed) = edge.types(&["reload"]).await;
    assert!(code == 2 && printed.contains("chmod 600"), "{printed}");
    edge.status().await;
    mode(0o600);
    old.get("/upstreams").await.expect_status(200);
    fs::remove_file(&file).unwrap();
    old.get("/upstreams").await.expect_status(401);
    edge.operator().get("/upstreams").await.expect_status(200);

    // Such a file does not keep the edge from serving.
    mode(0o604);
    let second = setup.start().await;
    second.client().get("/health").await.expect_status(200);
    assert!(second.log().contains("chmod 600"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_that_make_no_sense_are_refused_with_their_field_and_change_nothing() {
    let (_setup, edge, path) = edge().await;
    for (body, status, code, field) in [
        ("", 400, "MALFORMED_JSON", None),
        ("{}", 400, "VALIDATION_FAILED", None),
        (r#"{"state":"drain","until":"1h"}"#, 400, "VALIDATION_FAILED", None),
        (r#"{"state":"drain","ttl":"60"}"#, 400, "VALIDATION_FAILED", Some("ttl")),
        (
            r#"{"state":"drain","ttl":"169h"}"#,
            400,
            "VALIDATION_FAILED",
            Some("ttl"),
        ),
        (
            r#"{"state":"weight","weight":0}"#,
            400,
            "VALIDATION_FAILED",
            Some("weight"),
        ),
        (
            r#"{"state":"drain","reason":"a\nb"}"#,
            400,
            "VALIDATION_FAILED",
            Some("reason"),
        ),
    ] {
        let answer = put(edge.operator(), &path, body).await.expect_status(status);
        let problem = answer.problem();
        assert_eq!(
            (problem.code.as_str(), problem.field.as_deref()),
            (code, field),
            "{body}"
        );
    }
    let large = "x".repeat(1_100_000);
    put(edge.operator(), &path, &large).await.expect_status(413);
    for (path, field) in [
        ("/upstreams/nope/breaker", "upstream"),
        ("/upstreams/auth/targets/127.0.0.1:1/override", "target"),
    ] {
        let answer = put(edge.operator(), path, r#"{"state":"open"}"#)
            .await
            .expect_status(404);
        assert_eq!(answer.problem().field.as_deref(), Some(field), "{path}");
    }
    assert_eq!(edge.status().await["overrides"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_written_down_first_or_not_made() {
    let (setup, edge, path) = edge().await;
    let wish = r#"{"state":"drain","ttl":"30m","reason":"rollout"}"#;
    let client = edge
        .operator()
        .header("x-request-id", "op-7")
        .header("user-agent", "runbook/1");
    put(client.clone(), &path, wish).await.expect_status(200);
    client.delete(&path).await.expect_status(200);
    edge.reload().await;
    let file = setup.file("audit.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&Value> = lines.iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["override", "reset", "reload"]);
    let first = &lines[0];
    for (key, value) in [
        ("upstream", json!("auth")),
        ("before", json!({ "state": "configured" })),
        ("after", json!({ "state": "drain" })),
        ("ttlSeconds", json!(1800)),
        ("reason", json!("rollout")),
        ("requestId", json!("op-7")),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert!(path.contains(first["target"].as_str().unwrap()) && first["time"].as_str().unwrap().ends_with('Z'));
    let who = &first["who"];
    assert_eq!(who["agent"], "runbook/1");
    assert!(who["remote"].as_str().unwrap().starts_with("127.0.0.1:"));
    let token = fs::read_to_string(setup.file("admin.token")).unwrap();
    assert!(who["token"].as_str().unwrap().len() == 16 && !text.contains(token.trim()));

    // The disk says no.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    for answer in [
        put(client, &path, wish).await,
        edge.ask(Method::POST, "/reload", Value::Null).await,
    ] {
        assert_eq!(code(&answer.expect_status(503)), "AUDIT_FAILED");
    }
    assert_eq!(edge.status().await["overrides"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_shown_as_it_takes_effect_without_its_secrets() {
    let setup = Setup::new();
    let url = setup.redis.url().replacen("redis://", "redis://:s3cret@", 1);
    let setup = setup.redis_at(&url);
    let edge = setup.start().await;
    let answer = edge.operator().get("/config").await.expect_status(200);
    assert!(!answer.text().contains("s3cret"), "{answer:?}");
    let shown = answer.json();
    assert_eq!(shown["admin"]["bind"], edge.admin.to_string());
    let media = &shown["routes"]["media"];
    assert_eq!(
        (&media["timeouts"]["request"], &media["timeouts"]["connect"]),
        (&"2m".into(), &"1s".into())
    );
    assert_eq!(shown["upstreams"]["auth"]["health_check"]["interval"], "1s");
    // It is a file that the edge takes.
    let file = setup.file("shown.yaml");
    fs::write(&file, answer.body).unwrap();
    let (code, printed) = edge.types(&["check", file.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{printed}");
}
