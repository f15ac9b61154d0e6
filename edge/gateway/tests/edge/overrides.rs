//! What operators say about targets and breakers.

use crate::{
    origins::Origin,
    sockets::{Socket, field},
    support::{Edge, PATIENCE, Setup, free_address},
};
use http::Method;
use serde_json::{Value, json};
use shared_testkit::{Client, eventually};
use std::{collections::BTreeSet, fs, net::SocketAddr};

const POLL: &str = "/notifications/socket.io/?EIO=4&transport=polling";

const IN_TURN: [(&str, &str); 2] = [
    (
        "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"",
        "load_balancing: round_robin\n    targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"",
    ),
    (
        "targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"",
        "load_balancing: round_robin\n    targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"",
    ),
];

async fn two(service: &'static str) -> (Setup, Edge, [Origin; 2]) {
    let setup = Setup::new().edit("rate: 100/15m", "rate: 100000/15m");
    // In turn, so that shares can be counted.
    let setup = IN_TURN.iter().fold(setup, |setup, (from, to)| setup.edit(from, to));
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let setup = setup.targets(service, &[one.address, two.address]);
    let edge = setup.start().await;
    (setup, edge, [one, two])
}

fn path(upstream: &str, target: SocketAddr) -> String {
    format!("/upstreams/{upstream}/targets/{target}/override")
}

async fn set(edge: &Edge, upstream: &str, target: SocketAddr, wish: Value) -> Value {
    let answer = edge.ask(Method::PUT, &path(upstream, target), wish).await;
    answer.expect_status(200).json()
}

async fn clear(edge: &Edge, upstream: &str, target: SocketAddr) -> Value {
    let answer = edge.ask(Method::DELETE, &path(upstream, target), Value::Null).await;
    answer.expect_status(200).json()
}

/// Which of the two answer some requests.
async fn answering(client: &Client, requests: usize) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for _ in 0..requests {
        let answer = client.get("/api/auth/me").await.expect_status(200);
        all.insert(answer.json()["origin"].as_str().unwrap().to_owned());
    }
    all
}

fn only(name: &str) -> BTreeSet<String> {
    BTreeSet::from([name.to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_outlives_reloads_and_weights_until_it_is_taken_back() {
    let (setup, edge, [one, two]) = two("AUTH").await;
    let client = edge.client();
    let shown = set(
        &edge,
        "auth",
        one.address,
        json!({ "state": "drain", "ttl": "30m", "reason": "rollout" }),
    )
    .await;
    assert_eq!(
        (&shown["state"], &shown["reason"], &shown["dangling"]),
        (&"drain".into(), &"rollout".into(), &false.into())
    );
    assert!(
        (1795..=1800).contains(&shown["secondsLeft"].as_u64().unwrap()),
        "{shown}"
    );
    assert_eq!(answering(&client, 6).await, only("two"));

    let targets = "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"";
    let weighted = format!(
        "targets: [{{ address: \"{}\", weight: 9 }}, {{ address: \"{}\" }}]",
        one.address, two.address
    );
    for (from, to) in [(targets, weighted.as_str()), ("interval: 1s", "interval: 2s")] {
        setup.rewrite(from, to);
        assert_eq!(edge.reload().await["outcome"], "applied");
        assert_eq!(answering(&client, 6).await, only("two"), "{to}");
    }
    let status = edge.status().await;
    let target = &status["upstreams"]["auth"]["targets"][0];
    assert_eq!(
        (&target["placement"], &target["healthy"]),
        (&"drain".into(), &true.into())
    );
    assert_eq!(status["overrides"][0]["target"], one.address.to_string());

    // The last one falls ill: a drained one is no better than none.
    two.set_well(false);
    edge.sees("auth", two.address, false).await;
    assert_eq!(
        answering(&client, 4).await,
        only("two"),
        "sick, and the only one that takes requests"
    );
    set(&edge, "auth", two.address, json!({ "state": "drain" })).await;
    let answer = client.get("/api/auth/me").await.expect_status(503);
    assert_eq!(
        (answer.problem().code.as_str(), answer.header("retry-after")),
        ("NO_TARGET", Some("1"))
    );

    for origin in [&one, &two] {
        assert_eq!(clear(&edge, "auth", origin.address).await, json!({ "removed": true }));
    }
    assert_eq!(clear(&edge, "auth", one.address).await, json!({ "removed": false }));
    assert_eq!(answering(&client, 4).await, only("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_clients_stay_with_a_draining_target_and_leave_a_disabled_one() {
    let (setup, edge, [one, two]) = two("NOTIFICATIONS").await;
    let origin_of = |client: Client| async move {
        let answer = client.get(&format!("{POLL}&sid=s1")).await.expect_status(200);
        (
            answer.json()["origin"].as_str().unwrap().to_owned(),
            answer.set_cookie("edge_affinity").is_some(),
        )
    };
    let bound = loop {
        let client = edge.client();
        if origin_of(client.clone()).await.0 == "one" {
            break client;
        }
    };
    set(&edge, "notifications", one.address, json!({ "state": "drain" })).await;
    setup.rewrite("interval: 1s", "interval: 2s");
    edge.reload().await;
    for _ in 0..3 {
        assert_eq!(origin_of(bound.clone()).await, ("one".to_owned(), false), "it stays");
        assert_eq!(origin_of(edge.client()).await.0, "two", "nobody new");
    }
    set(&edge, "notifications", one.address, json!({ "state": "disable" })).await;
    // Its session is over, and it begins anew elsewhere.
    assert_eq!(
        bound.get(&format!("{POLL}&sid=s1")).await.expect_status(200).text(),
        "1"
    );
    bound
        .get(POLL)
        .await
        .expect_status(200)
        .set_cookie("edge_affinity")
        .unwrap();
    assert_eq!(origin_of(bound).await, ("two".to_owned(), false));
    drop(two);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_a_session_anew_does_not_go_back_to_a_draining_target() {
    let (_setup, edge, [one, _two]) = two("NOTIFICATIONS").await;
    let opened_at = |client: Client| async move { client.get(POLL).await.expect_status(200).json()["origin"].clone() };
    let client = loop {
        let client = edge.client();
        if opened_at(client.clone()).await == "one" {
            break client;
        }
    };
    assert_eq!(opened_at(client.clone()).await, "one", "bound");
    set(&edge, "notifications", one.address, json!({ "state": "drain" })).await;
    assert_eq!(opened_at(client).await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_without_cookies_stay_with_a_draining_target_too() {
    let one = crate::streams::engine_io_origin("one").await;
    let two = crate::streams::engine_io_origin("two").await;
    let setup = Setup::new().targets("NOTIFICATIONS", &[one, two]);
    let edge = setup.start().await;
    let open = || async {
        let open = edge.client().get(POLL).await.expect_status(200).text();
        open.split('"').nth(3).unwrap().to_owned()
    };
    let session = loop {
        let session = open().await;
        if session.starts_with("one-") {
            break session;
        }
    };
    let poll = || async {
        let answer = edge.client().get(&format!("{POLL}&sid={session}")).await;
        answer.expect_status(200).text()
    };
    set(&edge, "notifications", one, json!({ "state": "drain" })).await;
    assert_eq!(poll().await, "one");
    assert!(open().await.starts_with("two-"));
    set(&edge, "notifications", one, json!({ "state": "disable" })).await;
    assert_eq!(
        poll().await,
        "1",
        "over, in the words of Engine.IO; nobody else is asked for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_shifts_traffic_until_its_time_is_over() {
    let (setup, edge, [one, two]) = two("AUTH").await;
    let client = edge.client();
    let share = || async {
        let mut count = 0;
        for _ in 0..20 {
            let answer = client.get("/api/auth/me").await.expect_status(200);
            count += u32::from(answer.json()["origin"] == "one");
        }
        count
    };
    set(
        &edge,
        "auth",
        one.address,
        json!({ "state": "weight", "weight": 9, "ttl": "3s" }),
    )
    .await;
    assert_eq!(share().await, 18);
    let target = edge.status().await["upstreams"]["auth"]["targets"][0].take();
    assert_eq!((&target["weight"], &target["configuredWeight"]), (&9.into(), &1.into()));
    eventually(PATIENCE, || async { edge.status().await["overrides"] == json!([]) }).await;
    assert_eq!(share().await, 10);
    let audit = fs::read_to_string(setup.file("audit.jsonl")).unwrap();
    let last: Value = serde_json::from_str(audit.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["action"], &last["before"]["weight"]),
        (&"expired".into(), &9.into())
    );
    assert!(edge.log().contains("expired"));
    drop(two);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_of_a_target_that_vanished_waits_for_it() {
    let (setup, edge, [one, two]) = two("AUTH").await;
    set(&edge, "auth", one.address, json!({ "state": "disable" })).await;
    let targets = "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"";
    let without = format!("targets: [{{ address: \"{}\" }}]", two.address);
    setup.rewrite(targets, &without);
    edge.reload().await;
    let shown = edge.operator().get("/overrides").await.expect_status(200).json();
    assert_eq!(shown["overrides"][0]["dangling"], true);
    assert_eq!(edge.metric("edge_overrides").await, 1.0);
    let (_, printed) = edge.types(&["overrides"]).await;
    assert!(printed.contains("not in the configuration"), "{printed}");
    setup.rewrite(&without, targets);
    edge.reload().await;
    assert_eq!(answering(&edge.client(), 6).await, only("two"));
    // It can be taken back while it dangles.
    setup.rewrite(targets, &without);
    edge.reload().await;
    assert_eq!(clear(&edge, "auth", one.address).await, json!({ "removed": true }));
    setup.rewrite(&without, targets);
    edge.reload().await;
    // It begins with little.
    eventually(PATIENCE, || async { answering(&edge.client(), 6).await.len() == 2 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_breaker_answers_at_once_on_every_road() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let (setup, _posts) = setup.origin("POSTS").await;
    let (setup, _comments) = setup.origin("COMMENTS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let client = edge.client();
    let query = "{ getPosts { message } getComments(postId: 1) { message } }";
    for (upstream, state) in [("auth", "open"), ("posts", "open"), ("notifications", "open")] {
        let answer = edge
            .ask(
                Method::PUT,
                &format!("/upstreams/{upstream}/breaker"),
                json!({ "state": state }),
            )
            .await;
        assert_eq!(answer.expect_status(200).json()["state"], "open");
    }
    let answer = client.get("/api/auth/me").await.expect_status(503);
    assert_eq!(
        (answer.problem().code.as_str(), answer.header("retry-after")),
        ("CIRCUIT_OPEN", Some("1"))
    );
    // Nothing is the matter with the client's connection.
    assert_ne!(answer.header("connection"), Some("close"), "{answer:?}");
    let answer = client.graphql(query, Value::Null).await;
    assert_eq!(
        answer["data"]["getComments"]["message"], "COMMENTS for nobody",
        "{answer}"
    );
    assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
    let mut socket = Socket::connect(edge.public).await;
    socket.ask("", "").await;
    let refused = socket.answer().await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert_eq!(field(&refused, "content-type"), Some("application/problem+json"));
    assert_eq!(edge.status().await["upstreams"]["auth"]["breaker"], "open");
    // Its routes alone: the edge itself still fetches keys there.
    let (fetched, unknown) = (auth.key_sets(), shared_testkit::TestTokens::new().token(9, "eve"));
    let stranger = edge.client().header("authorization", &format!("Bearer {unknown}"));
    stranger.get("/api/notifications").await.expect_status(401);
    assert_eq!(auth.key_sets(), fetched + 1);

    let (code, printed) = edge
        .types(&["breaker", "close", "auth", "--reason", "it is fine"])
        .await;
    assert!(code == 0 && printed.contains("auth (breaker): closed"), "{printed}");
    client.get("/api/auth/me").await.expect_status(200);
    let (code, printed) = edge.types(&["breaker", "reset", "auth"]).await;
    assert_eq!((code, &*printed), (0, "auth (breaker): as configured again\n"));
    assert_eq!(edge.status().await["upstreams"]["auth"]["breaker"], "configured");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_speak_of_targets_by_address_or_by_a_name_that_has_one() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let (name, address) = (format!("localhost:{}", auth.address.port()), auth.address.to_string());
    let setup = setup.variable("AUTH_TARGETS", &name);
    let edge = setup.start().await;
    edge.sees("auth", auth.address, true).await;
    let (code, printed) = edge
        .types(&["drain", "auth", &name, "--ttl", "30m", "--reason", "new version"])
        .await;
    assert!(
        code == 0 && printed.starts_with(&format!("auth {address}: drain until ")),
        "{code} {printed}"
    );
    assert!(
        printed.contains("(29 min left)") || printed.contains("(30 min left)"),
        "{printed}"
    );
    let (_, printed) = edge.types(&["status"]).await;
    assert!(
        printed.contains(", drained") && printed.contains("\"new version\""),
        "{printed}"
    );
    let (code, printed) = edge.types(&["undrain", "auth", &address]).await;
    assert_eq!((code, printed), (0, format!("auth {address}: as configured again\n")));
    for (arguments, said) in [
        (vec!["disable", "auth", &address], "disable until"),
        (vec!["enable", "auth", &address], "as configured again"),
        (vec!["weight", "auth", &address, "7"], "weight 7 until"),
        (vec!["overrides"], "weight 7 until"),
    ] {
        let (code, printed) = edge.types(&arguments).await;
        assert!(code == 0 && printed.contains(said), "{arguments:?}: {code} {printed}");
    }
    for (arguments, said) in [
        (vec!["weight", "auth", &address, "0"], "`drain` it"),
        (vec!["drain", "auth", "127.0.0.1:1"], address.as_str()),
        (vec!["drain", "oath", &address], "there are auth, comments"),
        (vec!["drain", "auth", &address, "--ttl", "8d"], "at most 7d"),
    ] {
        let (code, printed) = edge.types(&arguments).await;
        assert!(code == 1 && printed.contains(said), "{arguments:?}: {code} {printed}");
    }
    let nobody = free_address().to_string();
    let (code, printed) = edge.types(&["overrides", "--admin", &nobody]).await;
    assert!(
        code == 2 && printed.contains("no edge answers") && printed.contains("--admin"),
        "{printed}"
    );
}
