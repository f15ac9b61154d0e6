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
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

const CAPACITY: usize = 8;
const EACH: Duration = Duration::from_millis(40);
/// Most that the edge may have under way.
const MOST: u32 = 40;
const LIMITED: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    concurrency: { min: 4, max: 40, queue: 16 }";
const ROUTE: &str = "match: { path_prefix: /media, methods: [GET] }
    auth: public
    rate_limits: []
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
    /// Most that were there at a time.
    most: Arc<AtomicU32>,
}

async fn origin() -> Origin {
    let (most, now) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (room, seen) = (Arc::new(Semaphore::new(CAPACITY)), Arc::clone(&most));
    let serve = move || {
        let (room, now, seen) = (Arc::clone(&room), Arc::clone(&now), Arc::clone(&seen));
        async move {
            seen.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            let working = room.acquire().await.unwrap();
            sleep(EACH).await;
            drop(working);
            now.fetch_sub(1, SeqCst);
            "ok"
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(serve))).await });
    Origin { address, most }
}

fn setup(origin: &Origin) -> Setup {
    let setup = Setup::new().targets("MEDIA", &[origin.address]);
    setup.edit(MEDIA, LIMITED).edit(ROUTE, ROUTES)
}

/// What one kind of request met.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    served: u32,
    refused: u32,
}

impl Met {
    fn share(self) -> f64 {
        f64::from(self.served) / f64::from((self.served + self.refused).max(1))
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
        tasks.spawn(async move { (kind, one(&client, kind).await) });
    }
    let mut met = [Met::default(); KINDS];
    while let Some(done) = tasks.join_next().await {
        let (kind, served) = done.unwrap();
        let met = &mut met[kind];
        *(if served { &mut met.served } else { &mut met.refused }) += 1;
    }
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matters_most_is_refused_last() {
    let origin = origin().await;
    let setup = setup(&origin);
    let edge = setup.start().await;
    let client = edge.client();
    // A quiet while, in which the edge learns how fast the service is.
    let quiet = load(&client, 40, 2).await;
    assert!(quiet.iter().all(|met| met.refused == 0), "{quiet:?}");
    let met = load(&client, 600, 4).await;
    let [sign_in, write, read, prefetch] = met.map(Met::share);
    assert!(sign_in >= 0.95, "{met:?}");
    assert!(write > read && read >= prefetch && prefetch < 0.5, "{met:?}");
    assert!(met[3].refused > 100, "nothing had to be refused: {met:?}");
    // 200 a second is all that it can do; a busy machine does less.
    let served: u32 = met.iter().map(|met| met.served).sum();
    assert!(served >= 400, "{met:?}");
    let most = origin.most.load(SeqCst);
    assert!(most <= MOST, "{most} at a time");
    let shed = edge.metric("edge_requests_shed_total{upstream=\"media\",priority=\"low\"}");
    assert_eq!(shed.await, f64::from(met[3].refused));
    let status = edge.status().await["upstreams"]["media"]["concurrency"].clone();
    assert_eq!(status["shed"]["read"], met[2].refused);
    assert!((4..=40).contains(&status["limit"].as_u64().unwrap()), "{status}");
    // All room is given back, and everybody is served again.
    eventually(PATIENCE, || async {
        let concurrency = edge.status().await["upstreams"]["media"]["concurrency"].clone();
        concurrency["requestsInFlight"] == 0 && concurrency["queued"] == 0
    })
    .await;
    assert!(one(&client, 3).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_of_the_limit_and_takes_no_room() {
    let origin = origin().await;
    let setup = setup(&origin);
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
