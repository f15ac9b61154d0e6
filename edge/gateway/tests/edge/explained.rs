//! `edge explain` on what people ask about: what it prints, and what it says to machines.

use crate::support::Setup;
use http::Method;
use serde_json::{Value, json};

/// The facts of a name in one stage.
fn facts<'r>(report: &'r Value, stage: &str, name: &str) -> Vec<&'r Value> {
    let stages = report["stages"].as_array().unwrap().iter();
    let stage = stages.filter(|one| one["stage"] == stage);
    let facts = stage.flat_map(|one| one["facts"].as_array().unwrap());
    facts.filter(|fact| fact["name"] == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_are_passed_over_are_told_with_the_reason() {
    let routes = "
routes:
  one_host:
    match: { path: \"/things/{id}\", host: one.example }
    auth: public
    upstream: posts
  below:
    match: { path_prefix: /things }
    auth: public
    upstream: posts
  written:
    match: { path: \"/things/{id}\", methods: [POST, PUT] }
    auth: public
    upstream: posts
";
    let setup = Setup::new().edit("\nroutes:\n", routes);
    let edge = setup.start().await;
    let explain = async |ask: Value| edge.ask(Method::POST, "/explain", ask).await.expect_status(200).json();
    let reasons = |report: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let passed = facts(report, "route", "passed_over").into_iter();
        passed
            .map(|fact| (text(&fact["value"]["route"]), text(&fact["value"]["because"])))
            .collect()
    };
    let pair = |route: &str, because: &str| (route.to_owned(), because.to_owned());

    let report = explain(json!({ "method": "GET", "target": "/things/7", "clientIp": "127.0.0.1" })).await;
    assert_eq!(report["verdict"]["route"], "below");
    assert_eq!(reasons(&report), [pair("written", "method"), pair("one_host", "host")]);
    let report = explain(json!({ "method": "POST", "target": "/things/7", "clientIp": "127.0.0.1" })).await;
    assert_eq!(report["verdict"]["route"], "written");
    assert_eq!(reasons(&report), [pair("below", "outranked"), pair("one_host", "host")]);
    let report = explain(json!({ "method": "DELETE", "target": "/graphql", "clientIp": "127.0.0.1" })).await;
    assert_eq!(report["verdict"]["status"], 405);
    assert_eq!(reasons(&report), [pair("graphql", "method")]);
    // What is refused before it is looked for a route has no candidates.
    let report = explain(json!({ "method": "GET", "target": "/things//7", "clientIp": "127.0.0.1" })).await;
    assert_eq!(
        (report["verdict"]["status"].as_u64(), reasons(&report).len()),
        (Some(400), 0)
    );
    let line = facts(&report, "route", "route");
    assert!(line.is_empty(), "{line:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_fields_and_paths_name_their_lines() {
    let route = "
routes:
  changed:
    match: { path: \"/p/{id}\" }
    auth: public
    upstream: posts
    rewrite: /v2/{id}
    headers:
      request: { set: { X-Team: blue }, remove: [Accept] }
      response: { set: { X-Frame-Options: DENY }, remove: [X-Debug] }
";
    let setup = Setup::new().edit("\nroutes:\n", route);
    let edge = setup.start().await;
    let ask =
        json!({ "method": "GET", "target": "/p/7?a=b", "headers": [["accept", "text/html"]], "clientIp": "127.0.0.1" });
    let report = edge.ask(Method::POST, "/explain", ask).await.expect_status(200).json();
    let text = setup.text();
    let line = |of: &str| 1 + text.lines().position(|line| line.contains(of)).unwrap();
    let place = |stage: &str, name: &str, of: &str| {
        let all = facts(&report, stage, name);
        let fact = all
            .iter()
            .find(|fact| fact["text"].as_str().unwrap().to_lowercase().contains(of));
        let fact = fact.unwrap_or_else(|| panic!("{of} is not in {report:#}"));
        let source = &fact["source"];
        (
            source["key"].as_str().unwrap().to_owned(),
            usize::try_from(source["line"].as_u64().unwrap()).unwrap(),
        )
    };
    for (stage, name, of, key, written) in [
        ("forward", "path", "/v2/7?a=b", "rewrite", "rewrite: /v2"),
        ("forward", "set", "x-team: blue", "headers.request.set.X-Team", "X-Team"),
        ("forward", "removed", "accept", "headers.request.remove.0", "[Accept]"),
        (
            "respond",
            "header",
            "x-frame-options: deny",
            "headers.response.set.X-Frame-Options",
            "DENY",
        ),
        (
            "respond",
            "header_removed",
            "x-debug",
            "headers.response.remove",
            "X-Debug",
        ),
    ] {
        assert_eq!(
            place(stage, name, of),
            (format!("routes.changed.{key}"), line(written)),
            "{of}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_explains_with_and_without_an_edge() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    edge.sees("auth", auth.address, true).await;
    let (code, live) = edge
        .types(&["explain", "GET", "/api/auth/me", "-H", "x-user-id: 1"])
        .await;
    assert_eq!(code, 0, "{live}");
    assert!(live.contains(&format!("{}, healthy", auth.address)), "{live}");
    assert!(live.ends_with(&format!(
        "=> would be forwarded to auth {} as GET /api/auth/me\n",
        auth.address
    )));
    assert!(
        live.lines()
            .any(|line| line.trim_start().starts_with("removed") && line.contains("x-user-id")),
        "{live}"
    );

    let file = setup.file("edge.yaml");
    let file = file.to_str().unwrap();
    let (code, offline) = edge.types(&["explain", "GET", "/api/auth/me", "--config", file]).await;
    assert!(code == 0 && offline.contains("taken for healthy offline"), "{offline}");
    // A refusal is explained as well as anything else; what cannot be asked is told.
    let (code, refused) = edge.types(&["explain", "GET", "/nowhere", "--config", file]).await;
    assert!(
        code == 0 && refused.ends_with("=> would be answered 404 ROUTE_NOT_FOUND\n"),
        "{refused}"
    );
    let (code, told) = edge.types(&["explain", "GET", "/a\nb"]).await;
    assert!(code == 2 && told.starts_with("edge: "), "{told}");
}
