//! A service that is asked for three times what it can: it does what it can, and what matters most is refused last.

use crate::support::{MEDIA, PATIENCE, Setup};
use axum::{Router, routing::any};
use http::Method;
use serde_json::json;
use shared_testkit::{Client, eventually};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

const CAPACITY: usize = 8;
/// Long, so that the service is the bottleneck on a busy machine too.
const EACH: Duration = Duration::from_millis(200);
/// Most that the edge may have under way.
const MOST: u32 = 40;
const LIMITED: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    concurrency: { min: 4, max: 40, queue: 16 }";
/// All come from one address, and more than usual where this machine stands still for a moment.
const CONNECTIONS: [&str; 2] = [
    "connections_per_ip: 256",
    "connections_per_ip: 4096, requests_per_second_per_ip: 100000",
];
const ROUTE: &str = "match: { path_prefix: /media, methods: [GET] }
    auth: public
    rate_limits: []
    upstream: media
";
const ROUTE_IN_TIME: &str = "match: { path_prefix: /media }
    auth: public
    rate_limits: []
    timeouts: { first_byte: 2s }
    retries: { attempts: 1 }
    upstream: media
";
const ROUTES: &str = "match: { path_prefix: /media }
    auth: public
    rate_limits: []
    upstream: media
  first:
    match: { path_prefix: /media/sign-in }
    auth: public
    rate_limits: []
    priority: high
    upstream: media
";

/// A service that does so much at a time; the others wait.
struct Origin {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    now: AtomicU32,
    /// Most that were there at a time.
    most: AtomicU32,
    /// How long its workers worked, microseconds.
    worked: AtomicU64,
    /// Nothing is answered.
    stalled: AtomicBool,
}

impl Seen {
    async fn work(&self) {
        let began = Instant::now();
        sleep(EACH).await;
        self.worked
            .fetch_add(u64::try_from(began.elapsed().as_micros()).unwrap(), SeqCst);
        while self.stalled.load(SeqCst) {
            sleep(EACH).await;
        }
    }

    /// How busy all workers were since `then`, when they had worked so long.
    fn busy(&self, (then, worked): (Instant, u64)) -> f64 {
        let worked = Duration::from_micros(self.worked.load(SeqCst) - worked);
        worked.as_secs_f64() / (CAPACITY as f64 * then.elapsed().as_secs_f64())
    }
}

async fn origin() -> Origin {
    let seen = Arc::new(Seen::default());
    let (room, told) = (Arc::new(Semaphore::new(CAPACITY)), Arc::clone(&seen));
    let serve = move || {
        let (room, seen) = (Arc::clone(&room), Arc::clone(&told));
        async move {
            seen.most.fetch_max(seen.now.fetch_add(1, SeqCst) + 1, SeqCst);
            let working = room.acquire().await.unwrap();
            seen.work().await;
            drop(working);
            seen.now.fetch_sub(1, SeqCst);
            "ok"
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(serve))).await });
    Origin { address, seen }
}

fn setup(origin: &Origin, routes: &'static str) -> Setup {
    let setup = Setup::new().targets("MEDIA", &[origin.address]);
    let setup = setup.edit(CONNECTIONS[0], CONNECTIONS[1]);
    setup.edit(MEDIA, LIMITED).edit(ROUTE, routes)
}

/// What one kind of request met.
#[derive(Debug, Default, Clone)]
struct Met {
    served: u32,
    refused: u32,
    /// How long those took that were served.
    took: Vec<Duration>,
}

impl Met {
    fn share(&self) -> f64 {
        f64::from(self.served) / f64::from((self.served + self.refused).max(1))
    }

    fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

/// The kinds of requests, and which one a number stands for: of twelve one signs in, three write, four read, four prefetch.
const KINDS: usize = 4;
const MIX: [usize; 12] = [0, 3, 2, 1, 3, 2, 1, 3, 2, 1, 3, 2];

async fn one(client: &Client, kind: usize) -> bool {
    let answer = match kind {
        0 => client.post("/media/sign-in").await,
        1 => client.post("/media/x").await,
        2 => client.get("/media/x").await,
        _ => client.clone().header("sec-purpose", "prefetch").get("/media/x").await,
    };
    if answer.status == 200 {
        return true;
    }
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert_eq!(answer.problem().code.as_str(), "OVERLOADED");
    false
}

/// Asks so often a second, whatever becomes of it, for some seconds.
async fn load(client: &Client, rate: u32, seconds: u32) -> [Met; KINDS] {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = JoinSet::new();
    for number in 0..rate * seconds {
        ticks.tick().await;
        let (client, kind) = (client.clone(), MIX[number as usize % MIX.len()]);
        tasks.spawn(async move {
            let began = Instant::now();
            (kind, one(&client, kind).await, began.elapsed())
        });
    }
    let mut met: [Met; KINDS] = Default::default();
    while let Some(done) = tasks.join_next().await {
        let (kind, served, took) = done.unwrap();
        let met = &mut met[kind];
        *(if served { &mut met.served } else { &mut met.refused }) += 1;
        met.took.extend(served.then_some(took));
    }
    met
}

/// What is claimed of overload: all that the service can do is done, sign-in is served and fast, the others by their rank.
fn holds(quiet: &[Met; KINDS], met: &[Met; KINDS], busy: f64) -> bool {
    let [sign_in, write, read, prefetch] = [0, 1, 2, 3].map(|kind| met[kind].share());
    let p99 = [quiet, met].map(|met| met[0].quantile(0.99));
    let by_rank = sign_in >= 0.95 && write > read && read >= prefetch && prefetch < 0.1;
    by_rank && busy >= 0.9 && p99[1] <= p99[0] * 3
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matters_most_is_refused_last() {
    let origin = origin().await;
    let setup = setup(&origin, ROUTES);
    let edge = setup.start().await;
    let client = edge.client();
    // A quiet while, in which the edge learns how fast the service is.
    let quiet = load(&client, 12, 4).await;
    assert!(quiet.iter().all(|met| met.refused == 0), "{quiet:?}");
    // Three times as much as it can do. The first seconds are the edge's to find out.
    let mut refused = load(&client, 120, 3).await.map(|met| met.refused);
    let held = edge.resident();
    // Where other work takes this machine's processors for seconds nobody is fast: what is claimed has to be seen once.
    let mut seen = Vec::new();
    for _ in 0..8 {
        let mark = (Instant::now(), origin.seen.worked.load(SeqCst));
        let met = load(&client, 120, 4).await;
        let busy = origin.seen.busy(mark);
        refused = [0, 1, 2, 3].map(|kind| refused[kind] + met[kind].refused);
        seen.push(format!(
            "busy {busy:.2}, {:.2?}, sign-in {:?}",
            [0, 1, 2, 3].map(|kind| met[kind].share()),
            met[0].quantile(0.99)
        ));
        if holds(&quiet, &met, busy) {
            seen.clear();
            break;
        }
    }
    assert!(
        seen.is_empty(),
        "sign-in {:?} otherwise: {seen:#?}",
        quiet[0].quantile(0.99)
    );
    let most = origin.seen.most.load(SeqCst);
    assert!(most <= MOST, "{most} at a time");
    // Overload that lasts takes no more memory than overload that begins.
    let grown = edge.resident().saturating_sub(held);
    assert!(grown < 16 << 20, "{grown} bytes more");
    let shed = edge.metric("edge_requests_shed_total{upstream=\"media\",priority=\"low\"}");
    assert_eq!(shed.await, f64::from(refused[3]));
    let status = edge.status().await["upstreams"]["media"]["concurrency"].clone();
    assert_eq!(status["shed"]["read"], refused[2]);
    assert!((4..=40).contains(&status["limit"].as_u64().unwrap()), "{status}");
    // All room is given back, and everybody is served again.
    eventually(PATIENCE, || async {
        let concurrency = edge.status().await["upstreams"]["media"]["concurrency"].clone();
        concurrency["requestsInFlight"] == 0 && concurrency["queued"] == 0
    })
    .await;
    assert!(one(&client, 3).await);
}

/// What is never answered is the latest of all answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stands_still_gets_less() {
    let origin = origin().await;
    let setup = setup(&origin, ROUTE_IN_TIME);
    let edge = setup.start().await;
    let client = edge.client();
    let limit = || async { edge.status().await["upstreams"]["media"]["concurrency"]["limit"].as_u64() };
    load(&client, 12, 2).await;
    let before = limit().await.unwrap();
    origin.seen.stalled.store(true, SeqCst);
    let ask = || async {
        let waits = (0..40).map(|_| {
            let client = client.clone();
            async move { timeout(PATIENCE, client.get("/media/x")).await.unwrap().status }
        });
        let all: JoinSet<u16> = waits.collect();
        let told = all.join_all().await;
        assert!(told.iter().all(|status| [503, 504].contains(status)), "{told:?}");
        limit().await.unwrap() < before
    };
    eventually(PATIENCE, ask).await;
    origin.seen.stalled.store(false, SeqCst);
    eventually(PATIENCE, || async { client.get("/media/x").await.status == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_of_the_limit_and_takes_no_room() {
    let origin = origin().await;
    let setup = setup(&origin, ROUTES);
    let edge = setup.start().await;
    let ask = json!({
        "method": "GET", "target": "/media/x", "clientIp": "127.0.0.1", "headers": [["sec-purpose", "prefetch"]],
    });
    let told = edge.ask(Method::POST, "/explain", ask).await.expect_status(200).text();
    assert!(
        told.contains("0 of 20 under way, 10 for this priority: there is room"),
        "{told}"
    );
    let status = edge.status().await;
    assert_eq!(status["upstreams"]["media"]["concurrency"]["requestsInFlight"], 0);
    assert!(status["upstreams"]["auth"]["concurrency"].is_null());
}
