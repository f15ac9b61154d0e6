//! What a reload leaves alone, and what is there before it serves.

use crate::{
    origins::Origin,
    support::{CARE, Edge, PATIENCE, Setup},
};
use serde_json::json;
use shared_contracts::revocation::{REVOKED_CHANNEL, REVOKED_KEY_PREFIX};
use shared_testkit::{Client, TestTokens, eventually};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

const TARGETS: &str = "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"";

/// Asks all the time; counts the answers, and those that are not as they should be.
pub(crate) struct Asking {
    over: Arc<AtomicBool>,
    pub(crate) answers: Arc<AtomicU32>,
    task: JoinHandle<Vec<String>>,
}

impl Asking {
    /// `right` tells a good answer.
    pub(crate) fn start(
        client: Client,
        path: &'static str,
        right: impl Fn(&shared_testkit::Answer) -> bool + Send + 'static,
    ) -> Self {
        let (over, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let (ends, count) = (Arc::clone(&over), Arc::clone(&answers));
        let task = tokio::spawn(async move {
            let mut wrong = Vec::new();
            while !ends.load(SeqCst) {
                let answer = client.get(path).await;
                count.fetch_add(1, SeqCst);
                if !right(&answer) {
                    wrong.push(format!("{answer:?}"));
                }
            }
            wrong
        });
        Self { over, answers, task }
    }

    /// Waits for some more answers.
    pub(crate) async fn goes_on(&self) {
        let enough = self.answers.load(SeqCst) + 10;
        eventually(PATIENCE, || async { self.answers.load(SeqCst) >= enough }).await;
    }

    /// Stops; the wrong answers.
    pub(crate) async fn stop(self) -> Vec<String> {
        self.over.store(true, SeqCst);
        self.task.await.unwrap()
    }
}

async fn two_origins() -> (Setup, Origin, Origin) {
    let setup = Setup::new().edit("rate: 100/15m", "rate: 1000000/15m");
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let setup = setup.targets("AUTH", &[one.address, two.address]);
    (setup, one, two)
}

fn weighted(targets: &[(SocketAddr, u32)]) -> String {
    let each = targets.iter();
    let each = each.map(|(address, weight)| format!("{{ address: \"{address}\", weight: {weight} }}"));
    format!("targets: [{}]", each.collect::<Vec<_>>().join(", "))
}

async fn applied(edge: &Edge) {
    let outcome = edge.reload().await;
    assert_eq!(outcome["outcome"], "applied", "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_weight_makes_no_healthy_target() {
    let (setup, one, two) = two_origins().await;
    let edge = setup.start().await;
    one.set_well(false);
    edge.sees("auth", one.address, false).await;
    let asking = Asking::start(edge.client(), "/api/auth/me", |answer| {
        answer.status == 200 && answer.json()["origin"] == "two"
    });
    asking.goes_on().await;
    let mut before = TARGETS.to_owned();
    for weight in 2..6 {
        let now = weighted(&[(one.address, weight), (two.address, 1)]);
        setup.rewrite(&before, &now);
        applied(&edge).await;
        asking.goes_on().await;
        before = now;
    }
    assert_eq!(asking.stop().await, [""; 0]);
    // Nobody probes any more: what probes found holds no longer.
    setup.rewrite(&format!("{before}{CARE}"), &before);
    applied(&edge).await;
    edge.sees("auth", one.address, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_target_that_is_dead_is_known_before_it_is_asked() {
    let (setup, one, _two) = two_origins().await;
    let sick = Origin::start("sick", &setup.tokens).await;
    sick.set_well(false);
    let edge = setup.start().await;
    let asking = Asking::start(edge.client(), "/api/auth/me", |answer| {
        answer.status == 200 && answer.json()["origin"] != "sick"
    });
    asking.goes_on().await;
    setup.rewrite(TARGETS, &weighted(&[(sick.address, 100), (one.address, 1)]));
    applied(&edge).await;
    asking.goes_on().await;
    assert_eq!(asking.stop().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_resolved_before_it_serves_and_one_that_is_not_does_not_serve() {
    let (setup, one, _two) = two_origins().await;
    let edge = setup.start().await;
    let asking = Asking::start(edge.client(), "/api/auth/me", |answer| answer.status == 200);
    asking.goes_on().await;
    let named = format!("targets: \"localhost:{}\"", one.address.port());
    setup.rewrite(TARGETS, &named);
    applied(&edge).await;
    asking.goes_on().await;
    setup.rewrite(&named, "targets: \"no-such-host.invalid:80\"");
    let outcome = edge.reload().await;
    assert_eq!(
        (&outcome["outcome"], &outcome["errors"][0]["code"]),
        (&"refused".into(), &"E511".into())
    );
    assert_eq!(outcome["errors"][0]["path"], "upstreams.auth.targets");
    asking.goes_on().await;
    assert_eq!(asking.stop().await, [""; 0]);
}

/// Other settings, and keys from another place: no valid token is refused meanwhile, and an ended session stays ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_issuer_refuses_no_valid_token_and_forgets_no_ended_session() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let (setup, _media) = setup.origin("MEDIA").await;
    let setup = setup.edit("rate: 100/15m", "rate: 1000000/15m");
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let ended = TestTokens::claims(8, "bob");
    let redis = setup.redis.redis(0);
    let key = format!("{REVOKED_KEY_PREFIX}{}", ended.sid);
    let until = ended.exp.to_string();
    redis.set_text(&key, &until, Duration::from_secs(60)).await.unwrap();
    let event = json!({ "sid": ended.sid, "until": ended.exp }).to_string();
    redis.publish(REVOKED_CHANNEL, &event).await.unwrap();
    let bearer = |token: String| edge.client().header("authorization", &format!("Bearer {token}"));
    let late = bearer(setup.tokens.sign(&ended));
    eventually(PATIENCE, || async { late.get("/api/auth/me").await.status == 401 }).await;

    let good = bearer(setup.tokens.token(7, "ann"));
    let asking = Asking::start(good, "/api/auth/me", |answer| answer.status == 200);
    let refused = Asking::start(late, "/api/auth/me", |answer| answer.status == 401);
    asking.goes_on().await;
    let fetched = auth.key_sets();
    for (from, to) in [
        ("refresh: 10m", "refresh: 9m"),
        ("jwks: { upstream: auth,", "jwks: { upstream: media,"),
        (
            "upstream: media, path: /.well-known/jwks.json",
            "upstream: auth, path: /.well-known/jwks.json",
        ),
    ] {
        setup.rewrite(from, to);
        applied(&edge).await;
        asking.goes_on().await;
        refused.goes_on().await;
    }
    assert!(auth.key_sets() > fetched, "fetched anew");
    // Where there are no keys, the old issuer stays.
    setup.rewrite("path: /.well-known/jwks.json, refresh", "path: /elsewhere, refresh");
    let outcome = edge.reload().await;
    assert_eq!(
        (&outcome["outcome"], &outcome["errors"][0]["code"]),
        (&"refused".into(), &"E512".into())
    );
    asking.goes_on().await;
    assert_eq!(asking.stop().await, [""; 0]);
    assert_eq!(refused.stop().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_stays_follows_its_upstream() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let other = Origin::start("other", &setup.tokens).await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    setup.rewrite(TARGETS, &weighted(&[(other.address, 1)]));
    applied(&edge).await;
    assert_eq!(other.key_sets(), 0, "the keys are known");
    auth.stop().await;
    let unknown = format!("Bearer {}", TestTokens::new().token(9, "eve"));
    edge.client()
        .header("authorization", &unknown)
        .get("/api/auth/me")
        .await
        .expect_status(401);
    assert_eq!(other.key_sets(), 1, "asked for the unknown key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_quota_counts_at_once_also_for_those_it_had_refused() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("rate: 100/15m", "rate: 2/15m");
    let edge = setup.start().await;
    let client = edge.client();
    for status in [200, 200, 429, 429] {
        client.get("/api/auth/me").await.expect_status(status);
    }
    setup.rewrite("rate: 2/15m", "rate: 5/15m");
    applied(&edge).await;
    client.get("/api/auth/me").await.expect_status(200);
    let seen = edge
        .metric("edge_rate_limit_decisions_total{limit=\"anonymous_ip\",decision=\"refused\"}")
        .await;
    assert_eq!(seen, 2.0, "counters go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_stay_with_their_instance_over_a_reload() {
    let one = crate::streams::engine_io_origin("one").await;
    let two = crate::streams::engine_io_origin("two").await;
    let setup = Setup::new().targets("NOTIFICATIONS", &[one, two]);
    let edge = setup.start().await;
    let path = "/notifications/socket.io/?EIO=4&transport=polling";
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let open = edge.client().get(path).await.expect_status(200).text();
        sessions.push(open.split('"').nth(3).unwrap().to_owned());
    }
    setup.rewrite(
        "sticky: { cookie: edge_affinity, ttl: 1h",
        "sticky: { cookie: edge_affinity, ttl: 2h",
    );
    setup.rewrite("interval: 1s", "interval: 2s");
    applied(&edge).await;
    for own in sessions {
        // A new client each time: only the session tells where it belongs.
        let answer = edge.client().get(&format!("{path}&sid={own}")).await.expect_status(200);
        assert!(own.starts_with(&answer.text()), "{own} was sent to {}", answer.text());
    }
}
