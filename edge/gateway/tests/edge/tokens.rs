//! Tokens of any kind at a real edge: forgeries, budgets, several issuers, claims, tokens in queries, keys that rotate.

use crate::support::{Edge, PATIENCE, Setup};
use futures::future::join_all;
use serde_json::{Value, json};
use shared_testkit::{Answer, Client, TestTokens, eventually, forgeries};
use std::{fs, time::Duration};

/// So that tests can come from any address, and are not stopped by the quota of anonymous callers.
fn setup() -> Setup {
    Setup::new()
        .edit("trusted_proxies: []", "trusted_proxies: [127.0.0.1/32]")
        .edit("rate: 100/15m", "rate: 100000/15m")
}

fn from(edge: &Edge, address: &str) -> Client {
    edge.client().header("x-forwarded-for", address)
}

fn with(client: &Client, token: &str) -> Client {
    client.clone().header("authorization", &format!("Bearer {token}"))
}

fn code(answer: &Answer) -> String {
    answer.problem().code.as_str().to_owned()
}

/// The value that a service saw of a field.
fn seen(answer: &Answer, field: &str) -> Value {
    answer.json()["headers"][field].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forgery_is_admitted() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let forged = forgeries(&setup.tokens);
    for (batch, forged) in forged.chunks(40).enumerate() {
        let asked = forged.iter().enumerate().map(|(number, forgery)| {
            // Each from a client of its own, so that none is refused for what others did.
            let client = with(&from(&edge, &format!("10.0.{batch}.{number}")), &forgery.token);
            async move { (forgery, client.get("/api/notifications").await) }
        });
        for (forgery, answer) in join_all(asked).await {
            assert_eq!(answer.status, 401, "{}: {answer:?}", forgery.name);
            let code = code(&answer);
            assert!(
                ["TOKEN_INVALID", "TOKEN_EXPIRED"].contains(&&*code),
                "{}: {code}",
                forgery.name
            );
        }
    }
    let good = with(&edge.client(), &setup.tokens.token(7, "ann"));
    good.get("/api/notifications").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_bad_tokens_is_not_listened_to_and_known_ones_pass() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let (client, neighbour) = (from(&edge, "2001:db8::1"), from(&edge, "2001:db8::2"));
    let (known, fresh) = (setup.tokens.token(7, "ann"), setup.tokens.token(8, "bob"));
    with(&client, &known).get("/api/notifications").await.expect_status(200);
    let (head, _) = known.rsplit_once('.').unwrap();
    let garbage = |number: usize| format!("{head}.{:A<86}", number);
    let mut refused = None;
    for number in 1000..1100 {
        let answer = with(&client, &garbage(number)).get("/api/notifications").await;
        match answer.status {
            401 => assert_eq!(code(&answer), "TOKEN_INVALID"),
            _ => {
                refused = Some((number, answer.expect_status(429)));
                break;
            }
        }
    }
    let (number, answer) = refused.expect("a budget");
    assert!((1030..1060).contains(&number), "{number}");
    assert_eq!(
        (code(&answer).as_str(), answer.header("retry-after")),
        ("TOO_MANY_BAD_TOKENS", Some("1"))
    );
    // The whole network is one client; a token that is known is not judged again.
    for client in [&client, &neighbour] {
        with(client, &known).get("/api/notifications").await.expect_status(200);
    }
    let judged = edge.metric("edge_tokens_judged_total").await;
    let asked = (0..20).map(|number| with(&neighbour, &garbage(2000 + number)));
    let answers = join_all(asked.map(|client| async move { client.get("/api/notifications").await })).await;
    assert!(answers.iter().filter(|answer| answer.status == 429).count() >= 15);
    assert!(
        edge.metric("edge_tokens_judged_total").await <= judged + 5.0,
        "no signature for what is not looked at"
    );
    with(&from(&edge, "2001:db8:1::1"), &fresh)
        .get("/api/notifications")
        .await
        .expect_status(200);
    // It is forgiven by and by.
    eventually(PATIENCE, || async {
        with(&client, &setup.tokens.token(9, "eve"))
            .get("/api/notifications")
            .await
            .status
            == 200
    })
    .await;
    let explained = edge.types(&["explain", "GET", "/api/notifications"]).await;
    assert_eq!(explained.0, 0, "{}", explained.1);
}

const PARTNERS: (&str, &str) = (
    "rate_limits:\n  # Exact",
    "  partners:
    issuer: https://partners.example
    audience: newfeed-api
    algorithms: [EdDSA]
    token_from: [{ bearer: true }]
    jwks: { file: \"${PARTNER_KEYS}\" }
    forward_claims: { sub: X-Partner-Id, org.id: X-Org, groups: X-Groups, scope: X-Scope }
rate_limits:
  # Exact",
);
const INBOX: (&str, &str) = (
    "match: { path_prefix: /api/notifications }\n",
    "match: { path_prefix: /api/notifications }\n    auth: { jwt: [users, partners] }\n",
);

/// With a second issuer, whose keys are in a file.
fn with_partners(setup: Setup, partners: &TestTokens) -> Setup {
    let file = setup.file("partners.json");
    fs::write(&file, partners.jwks()).unwrap();
    setup
        .variable("PARTNER_KEYS", file.to_str().unwrap())
        .edit(PARTNERS.0, PARTNERS.1)
}

#[allow(clippy::needless_pass_by_value, reason = "it reads better where it is called")]
fn partner(partners: &TestTokens, more: Value) -> String {
    let header = json!({ "alg": "EdDSA", "kid": partners.kid() });
    let mut claims =
        json!({ "iss": "https://partners.example", "aud": ["newfeed-api"], "sub": "p7", "exp": 4_102_444_800_u64 });
    for (claim, value) in more.as_object().into_iter().flatten() {
        claims[claim] = value.clone();
    }
    partners.sign_texts(&header.to_string(), &claims.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_issuer_judges_its_own_and_tells_its_own_claims() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let partners = TestTokens::new();
    let setup = with_partners(setup, &partners).edit(INBOX.0, INBOX.1);
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let forged = edge
        .client()
        .header("x-partner-id", "p1")
        .header("X-Groups", "admins")
        .header("x-user-id", "1");
    let token = partner(
        &partners,
        json!({ "org": { "id": 42 }, "groups": ["a", "b"], "scope": "x\ny" }),
    );
    for _ in 0..2 {
        let answer = with(&forged, &token).get("/api/notifications").await.expect_status(200);
        for (field, want) in [
            ("x-partner-id", json!(["p7"])),
            ("x-org", json!(["42"])),
            ("x-groups", json!(["a,b"])),
            ("x-scope", Value::Null),
            ("x-user-id", Value::Null),
        ] {
            assert_eq!(seen(&answer, field), want, "{field}");
        }
    }
    let answer = with(&forged, &setup.tokens.token(7, "ann"))
        .get("/api/notifications")
        .await
        .expect_status(200);
    assert_eq!(
        (seen(&answer, "x-user-id"), seen(&answer, "x-partner-id")),
        (json!(["7"]), Value::Null)
    );
    // Where no token is looked at, a client's own copies reach nobody either.
    let answer = forged.post("/api/auth/logout").await.expect_status(200);
    assert_eq!(
        (seen(&answer, "x-partner-id"), seen(&answer, "x-groups")),
        (Value::Null, Value::Null)
    );
    for (token, why) in [
        (
            partner(&TestTokens::new(), json!({})),
            "a key that the file does not have",
        ),
        (partner(&setup.tokens, json!({})), "another issuer's key"),
        (
            partner(&partners, json!({ "iss": "newfeed-auth" })),
            "another issuer's name",
        ),
        (
            partner(&partners, json!({ "iss": "https://nobody.example" })),
            "nobody's name",
        ),
    ] {
        let answer = with(&edge.client(), &token)
            .get("/api/notifications")
            .await
            .expect_status(401);
        assert_eq!(code(&answer), "TOKEN_INVALID", "{why}");
    }
    // A partner's token is no cookie, and no user's.
    let cookie = edge
        .client()
        .header("cookie", &format!("access_token={}", partner(&partners, json!({}))));
    cookie.get("/api/notifications").await.expect_status(401);
    with(&edge.client(), &token)
        .get("/api/auth/me")
        .await
        .expect_status(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_file_is_a_reload() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let (old, new) = (TestTokens::new(), TestTokens::new());
    let setup = with_partners(setup, &old).edit(INBOX.0, INBOX.1);
    let edge = setup.start().await;
    let status = |tokens: &TestTokens| {
        let client = with(&edge.client(), &partner(tokens, json!({})));
        async move { client.get("/api/notifications").await.status }
    };
    assert_eq!((status(&old).await, status(&new).await), (200, 401));
    fs::write(setup.file("partners.json"), new.jwks()).unwrap();
    edge.serves(2).await;
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
    fs::write(setup.file("partners.json"), r#"{"keys":[]}"#).unwrap();
    let reload = edge.reload().await.to_string();
    assert!(reload.contains("E211") && reload.contains("no usable key"), "{reload}");
    assert_eq!(status(&new).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_requires_claims_of_everything_that_it_answers() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _posts) = setup.origin("POSTS").await;
    let (setup, _comments) = setup.origin("COMMENTS").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let setup = setup
        .edit(
            "match: { path_prefix: /api/notifications }\n",
            "match: { path_prefix: /api/notifications }\n    auth: { require: { role: [admin, editor] } }\n",
        )
        .edit(
            "methods: [GET, POST] }\n    auth: { optional: true }",
            "methods: [GET, POST] }\n    auth: { require: { role: [admin] } }",
        )
        .edit(
            "methods: [GET] }\n    streaming: sse",
            "methods: [GET] }\n    auth: { require: { role: [admin] } }\n    streaming: sse",
        )
        .edit(
            "rewrite_prefix: /socket.io\n    auth: { optional: true }",
            "rewrite_prefix: /socket.io\n    auth: { require: { role: [admin] } }",
        );
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = |role: &str| {
        let mut claims = TestTokens::claims(7, "ann");
        claims.role = role.into();
        setup.tokens.sign(&claims)
    };
    let upgrade = |client: Client| {
        client
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    let socket = "/notifications/socket.io/?EIO=4&transport=websocket";
    let query = "/graphql?query=%7BgetPosts%7Bmessage%7D%7D";
    let user = with(&edge.client(), &token("user"));
    for (client, path) in [
        (user.clone(), "/api/notifications"),
        (user.clone(), query),
        (user.clone(), "/api/sse/comments/1"),
        (upgrade(user.clone()), socket),
    ] {
        let answer = client.get(path).await.expect_status(403);
        assert_eq!(code(&answer), "FORBIDDEN", "{path}");
        let nobody = edge.client().get(path).await.expect_status(401);
        assert_eq!(code(&nobody), "UNAUTHENTICATED", "{path}");
    }
    let admin = with(&edge.client(), &token("admin"));
    admin.get("/api/notifications").await.expect_status(200);
    admin.get(query).await.expect_status(200);
    with(&edge.client(), &token("editor"))
        .get("/api/notifications")
        .await
        .expect_status(200);
    for (role, want) in [
        ("user", "refused: FORBIDDEN, it needs role admin or editor"),
        ("admin", "admitted: has role admin or editor"),
    ] {
        let header = format!("authorization: Bearer {}", token(role));
        let (_, text) = edge
            .types(&["explain", "GET", "/api/notifications", "-H", &header])
            .await;
        assert!(text.contains(want), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_query_is_for_streams_and_stays_here() {
    let (setup, _auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let setup = setup.edit("{ bearer: true }]", "{ bearer: true }, { query: access_token }]");
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = setup.tokens.token(7, "ann");
    let path = format!("/notifications/socket.io/?EIO=4&access_token={token}&transport=polling");
    let answer = edge.client().get(&path).await.expect_status(200);
    assert_eq!(answer.json()["target"], "/socket.io/?EIO=4&transport=polling");
    assert_eq!(seen(&answer, "x-user-id"), json!(["7"]));
    // A plain route looks at no query, and hides the parameter all the same.
    let plain = format!("/api/auth/me?access_token={token}");
    let answer = edge.client().get(&plain).await.expect_status(200);
    assert_eq!(
        (&answer.json()["target"], seen(&answer, "x-user-id")),
        (&json!("/api/auth/me"), Value::Null)
    );
    let bad = edge
        .client()
        .get("/notifications/socket.io/?access_token=nonsense")
        .await
        .expect_status(401);
    assert_eq!(code(&bad), "TOKEN_INVALID");
    let (_, explained) = edge.types(&["explain", "GET", &path]).await;
    assert!(
        explained.contains("token in query access_token") && explained.contains("user 7"),
        "{explained}"
    );
    let (_, json) = edge.types(&["explain", "--json", "GET", &path]).await;
    for text in [explained, json, edge.log()] {
        assert!(!text.contains(&token), "{text}");
    }
}

/// A set with the keys of both.
fn both(one: &TestTokens, other: &TestTokens) -> String {
    let keys = [one, other].map(|tokens| serde_json::from_str::<Value>(&tokens.jwks()).unwrap()["keys"][0].clone());
    json!({ "keys": keys }).to_string()
}

/// While strangers make up names of keys all the time, the first token of a new key passes, and so do those of the old one.
#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_without_a_refused_request() {
    let (setup, auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let old = with(&edge.client(), &setup.tokens.token(7, "ann"));
    old.get("/api/notifications").await.expect_status(200);
    let strangers: Vec<_> = (0..20)
        .map(|number| {
            let client = from(&edge, &format!("10.1.0.{number}"));
            tokio::spawn(async move {
                for _ in 0..3 {
                    let answer = with(&client, &TestTokens::new().token(9, "eve"))
                        .get("/api/notifications")
                        .await;
                    assert_eq!(answer.status, 401);
                }
            })
        })
        .collect();
    let before = auth.key_sets();
    let new = TestTokens::new();
    auth.set_key_set(both(&setup.tokens, &new));
    // Many at once, each with a token that nobody has seen: one fetch serves them all.
    let first = (0..20).map(|user| with(&from(&edge, &format!("10.2.0.{user}")), &new.token(user, "bob")));
    let first = join_all(first.map(|client| async move { client.get("/api/notifications").await })).await;
    assert!(first.iter().all(|answer| answer.status == 200), "{first:?}");
    old.get("/api/notifications").await.expect_status(200);
    with(&edge.client(), &setup.tokens.token(8, "cat"))
        .get("/api/notifications")
        .await
        .expect_status(200);
    for stranger in strangers {
        stranger.await.unwrap();
    }
    let fetched = auth.key_sets() - before;
    assert!((1..12).contains(&fetched), "{fetched} fetches for 60 made-up names");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_issuer_known_keys_do_and_unknown_ones_are_not_called_bad() {
    let (setup, auth) = setup().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    auth.stop().await;
    let fresh = (0..20).map(|user| {
        with(
            &from(&edge, &format!("10.3.0.{user}")),
            &setup.tokens.token(user, "ann"),
        )
    });
    let answers = join_all(fresh.map(|client| async move { client.get("/api/notifications").await })).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let unknown = with(&edge.client(), &TestTokens::new().token(7, "ann"));
    let answer = unknown.get("/api/notifications").await.expect_status(503);
    assert_eq!(
        (code(&answer).as_str(), answer.header("retry-after")),
        ("SERVICE_UNAVAILABLE", Some("1"))
    );
    tokio::time::timeout(Duration::from_secs(5), unknown.get("/api/notifications"))
        .await
        .expect("no one waits for ever");
}
