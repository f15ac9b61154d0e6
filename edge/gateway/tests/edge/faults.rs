//! What clients notice of targets that go wrong one after the other, and of all that go wrong at once.

use crate::{
    faulty::{Faulty, Mood},
    steady::{Steady, Tally, plain},
    support::{Dead, Edge, MEDIA, PATIENCE, Setup},
    torn::{BODY, Torn},
};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use shared_testkit::eventually;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep};

const ROUTE: (&str, &str) = (
    "    rate_limits: []\n    upstream: media\n",
    "    rate_limits: []
    upstream: media
    timeouts: { first_byte: 400ms }
    retries: { attempts: 3, retry_on: [connect_failure, reset, timeout, \"500\", \"503\"] }
",
);
const EVERY_METHOD: (&str, &str) = (
    "match: { path_prefix: /media, methods: [GET] }",
    "match: { path_prefix: /media }",
);
/// How long a target that is back takes to have its whole share.
const RAMP: Duration = Duration::from_secs(3);
const FAULT: Duration = Duration::from_millis(1500);
const CLIENTS: u32 = 12;
const EVERY: Duration = Duration::from_millis(40);

fn setup(addresses: &[SocketAddr], upstream: &'static str) -> Setup {
    Setup::new()
        .targets("MEDIA", addresses)
        .edit(MEDIA, upstream)
        .edit(EVERY_METHOD.0, EVERY_METHOD.1)
        .edit(ROUTE.0, ROUTE.1)
}

async fn three() -> Vec<Faulty> {
    vec![Faulty::start().await, Faulty::start().await, Faulty::start().await]
}

fn addresses(origins: &[Faulty]) -> Vec<SocketAddr> {
    origins.iter().map(|origin| origin.address).collect()
}

async fn counted(edge: &Edge, event: &str) -> f64 {
    let name = format!("edge_upstream_events_total{{upstream=\"media\",event=\"{event}\"}}");
    edge.metric(&name).await
}

async fn is_ejected(edge: &Edge, origin: &Faulty) -> bool {
    let status = edge.status().await;
    let targets = status["upstreams"]["media"]["targets"].as_array().unwrap().clone();
    let is_it = |target: &serde_json::Value| target["address"] == origin.address.to_string();
    targets
        .iter()
        .any(|target| is_it(target) && target["state"] == "ejected")
}

/// Makes a target go wrong for a while, until it is left alone; when it was well again.
async fn fault(edge: &Edge, origin: &mut Faulty, mood: Option<Mood>) -> Instant {
    match mood {
        Some(mood) => origin.is(mood),
        None => origin.kill().await,
    }
    sleep(FAULT).await;
    eventually(PATIENCE, || is_ejected(edge, origin)).await;
    let healed = Instant::now();
    match mood {
        Some(_) => origin.is(Mood::Well),
        None => *origin = Faulty::start_at(origin.address).await,
    }
    healed
}

/// A target that is back takes little at first, and then its part of all.
async fn ramps_up(origins: &[Faulty], number: usize, healed: Instant, what: &str) {
    let first = eventually(PATIENCE, || async {
        origins[number].log_since(healed).first().copied()
    })
    .await;
    let begun = healed + first;
    eventually(PATIENCE, || async { begun.elapsed() > RAMP * 4 / 3 }).await;
    let logs: Vec<_> = origins.iter().map(|origin| origin.log_since(begun)).collect();
    // Shares of what all three were asked, not rates: the machine may be busy with other things.
    let share = |from: u32, to: u32| {
        let within = RAMP * from / 12..RAMP * to / 12;
        let asked = |log: &Vec<Duration>| log.iter().filter(|at| within.contains(*at)).count();
        asked(&logs[number]) as f64 / logs.iter().map(asked).sum::<usize>().max(1) as f64
    };
    let (shares, whole) = ([share(0, 2), share(2, 6), share(6, 12)], share(12, 16));
    assert!(whole > 0.2, "{what}: it is back: {shares:?}, {whole}");
    assert!(shares[0] < whole * 0.7, "{what}: little at first: {shares:?}, {whole}");
    assert!(shares[0] < shares[2], "{what}: more and more: {shares:?}, {whole}");
    let most = shares.into_iter().fold(0.0, f64::max);
    assert!(most < 0.5, "{what}: no stampede: {shares:?}, {whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_target_after_the_other_goes_wrong_and_no_client_notices() {
    let mut origins = three().await;
    // `peak_ewma` would hold the failures against a target for some seconds more, and hide the ramp.
    let setup = setup(
        &addresses(&origins),
        "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: least_requests
    slow_start: 3s
    outlier: { consecutive_failures: 3, error_ratio: 0.25, min_requests: 12, window: 1s, eject_for: 1s, statuses: [500, 502, 503, 504] }",
    );
    let edge = setup.start().await;
    let steady = Steady::start(edge.public, "/media/x", CLIENTS, EVERY);
    // Requests that retries can be a share of.
    eventually(PATIENCE, || async { steady.tally().served >= 300 }).await;
    assert_eq!(steady.tally().all(), steady.tally().served);
    let course = [
        ("killed", None),
        ("stalled", Some(Mood::Silent)),
        ("failing", Some(Mood::Fails(3, 500))),
        ("breaking off", Some(Mood::Resets)),
    ];
    for (number, (what, mood)) in course.into_iter().enumerate() {
        let (before, ejected) = (steady.tally(), counted(&edge, "ejection").await);
        let healed = fault(&edge, &mut origins[number % 3], mood).await;
        ramps_up(&origins, number % 3, healed, what).await;
        let ejected = counted(&edge, "ejection").await - ejected;
        let Tally { failed, broken, .. } = steady.tally();
        // Who has seen the beginning of an answer cannot be helped: so many in a row, and those who were under way.
        let lost = broken - before.broken;
        let most = if mood == Some(Mood::Resets) {
            ejected as u32 * (3 + 8)
        } else {
            0
        };
        assert!(lost <= most, "{what}: {lost} broke off, {ejected} ejections");
        assert!(failed * 1_000 <= steady.tally().all(), "{what}: {:?}", steady.tally());
    }
    dawdles(&steady, &origins).await;
    let tally = steady.tally();
    assert!(tally.failed * 1_000 <= tally.all(), "{tally:?}");
}

/// One is 50 times slower for a while: it gets little, and its part again when it is as fast as the others.
async fn dawdles(steady: &Steady, origins: &[Faulty]) {
    let share = |since: Instant| {
        let asked: Vec<usize> = origins.iter().map(|origin| origin.log_since(since).len()).collect();
        asked[1] as f64 * 3.0 / asked.iter().sum::<usize>().max(1) as f64
    };
    let before = steady.tally();
    origins[1].is(Mood::Slow);
    sleep(FAULT / 3).await;
    let since = Instant::now();
    sleep(FAULT).await;
    assert!(share(since) < 0.5, "while it is slow: {}", share(since));
    origins[1].is(Mood::Well);
    eventually(PATIENCE, || async {
        let since = Instant::now();
        sleep(Duration::from_millis(500)).await;
        share(since) > 0.7
    })
    .await;
    assert_eq!(steady.tally().broken, before.broken);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_stay_within_the_budget_however_all_targets_fail() {
    const REQUESTS: u32 = 3_000;
    let origins = three().await;
    let setup = setup(
        &addresses(&origins),
        "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"\n    outlier: {}",
    );
    let edge = setup.start().await;
    for (origin, mood) in origins
        .iter()
        .zip([Mood::Fails(1, 503), Mood::Drops, Mood::Fails(1, 500)])
    {
        origin.is(mood);
    }
    let steady = Steady::start(edge.public, "/media/x", 16, Duration::from_millis(1));
    eventually(Duration::from_secs(30), || async { steady.tally().all() >= REQUESTS }).await;
    let asked = steady.tally();
    let tries: u32 = origins.iter().map(Faulty::requests).sum();
    assert_eq!(asked.served, 0);
    // Those under way are among the tries, and not yet among the answers.
    assert!(
        tries as f64 <= f64::from(asked.all() + 16) * 1.25,
        "{tries} tries, {asked:?}"
    );
    assert!(tries > asked.all(), "{tries} tries, {asked:?}");
    assert!(counted(&edge, "retry_refused").await >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_of_a_post_is_never_sent_again() {
    const POSTS: u32 = 10_000;
    const AT_A_TIME: u32 = 20;
    let origins = [Torn::start().await, Torn::start().await, Torn::start().await];
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let setup = setup(&addresses, "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"");
    let edge = setup.start().await;
    let mut tasks = JoinSet::new();
    for first in 0..AT_A_TIME {
        let (client, address) = (plain(), format!("http://{}/media/x", edge.public));
        tasks.spawn(async move {
            let mut good = 0;
            for id in (first..POSTS).step_by(AT_A_TIME as usize) {
                let request = Request::post(&address).header("x-id", id);
                let request = request.body(Full::new(Bytes::from_static(&[b'x'; BODY]))).unwrap();
                good += u32::from(client.request(request).await.is_ok_and(|answer| answer.status() == 200));
            }
            good
        });
    }
    let good: u32 = tasks.join_all().await.into_iter().sum();
    let seen: Vec<_> = origins.iter().flat_map(Torn::seen).collect();
    let mut ids: Vec<u32> = seen.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    let arrived = ids.len();
    ids.dedup();
    assert_eq!(arrived, ids.len(), "some came to two targets");
    assert!(
        seen.iter().all(|(_, times)| *times == 1),
        "some came twice to one target"
    );
    let spoiled = arrived as u32 - good;
    assert!(
        good > POSTS / 4 && spoiled > POSTS / 4,
        "{arrived} arrived, {good} were answered"
    );
}

const DEAD: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    health_check: { path: /health/ready, interval: 500ms, timeout: 200ms, healthy: 1, unhealthy: 1 }
    circuit_breaker: patient";
const PATIENT: (&str, &str) = (
    "\ncircuit_breakers:\n",
    "\ncircuit_breakers:\n  patient: { min_requests: 20, open_for: 30s, half_open_requests: 2, recovery: 30s }\n",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_dead_is_told_at_once_spared_and_back_with_its_first_probe() {
    let [one, two, three] = [Dead::new(), Dead::new(), Dead::new()];
    let setup = setup(&[one.address, two.address, three.address], DEAD).edit(PATIENT.0, PATIENT.1);
    let edge = setup.start().await;
    let client = edge.client();
    let mut codes = Vec::new();
    while codes.last().is_none_or(|code| code != "CIRCUIT_OPEN") {
        assert!(codes.len() < 40, "the breaker opens: {codes:?}");
        let began = Instant::now();
        let answer = client.get("/media/x").await.expect_status(503);
        // One second to connect, as the route has it.
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        codes.push(answer.problem().code.as_str().to_owned());
    }
    assert!(
        codes[..codes.len() - 1]
            .iter()
            .all(|code| code == "UPSTREAM_UNAVAILABLE"),
        "{codes:?}"
    );
    let began = Instant::now();
    let address = two.address;
    drop(two);
    let origin = Faulty::start_at(address).await;
    eventually(PATIENCE, || async { client.get("/media/x").await.status == 200 }).await;
    let back = began.elapsed();
    let probed = origin.probes_since(began)[0];
    assert!(
        back - probed < Duration::from_secs(1),
        "probed after {probed:?}, back after {back:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_only_requests_does_not_flap() {
    let origins = three().await;
    // In turn, so that it is asked often enough to be found out.
    let setup = setup(
        &addresses(&origins),
        "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: round_robin
    health_check: { path: /health/ready, interval: 400ms, timeout: 390ms, healthy: 1, unhealthy: 3 }
    outlier: { consecutive_failures: 3, statuses: [500] }",
    );
    let edge = setup.start().await;
    let steady = Steady::start(edge.public, "/media/x", 8, Duration::from_millis(10));
    eventually(PATIENCE, || async { steady.tally().served >= 100 }).await;
    origins[0].is(Mood::Fails(1, 500));
    eventually(PATIENCE, || async { counted(&edge, "ejection").await >= 1.0 }).await;
    // Those that were on their way.
    eventually(PATIENCE, || async {
        let since = Instant::now();
        sleep(Duration::from_millis(100)).await;
        origins[0].log_since(since).is_empty()
    })
    .await;
    let since = Instant::now();
    eventually(PATIENCE, || async { origins[0].probes_since(since).len() >= 3 }).await;
    assert!(
        origins[0].log_since(since).is_empty(),
        "{:?}",
        origins[0].log_since(since)
    );
    assert_eq!(counted(&edge, "ejection").await, 1.0);
}
