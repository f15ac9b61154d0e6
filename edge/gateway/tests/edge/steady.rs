//! A steady stream of requests, and what became of them.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// A client that sends nothing twice.
pub(crate) type Plain = Client<HttpConnector, Full<Bytes>>;

/// A new one, with connections of its own.
pub(crate) fn plain() -> Plain {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.retry_canceled_requests(false).build_http()
}

/// What became of requests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Answered 200, with the whole body.
    pub(crate) served: u32,
    /// Answered otherwise, or not at all.
    pub(crate) failed: u32,
    /// Begun and broken off: nobody can mend that.
    pub(crate) broken: u32,
}

impl Tally {
    pub(crate) fn all(self) -> u32 {
        self.served + self.failed + self.broken
    }
}

#[derive(Default)]
struct Counts([AtomicU32; 3]);

/// Requests at a steady rate, until it is dropped.
pub(crate) struct Steady {
    counts: Arc<Counts>,
    _clients: JoinSet<()>,
}

impl Steady {
    /// `GET path`, from each of so many clients every so often.
    pub(crate) fn start(edge: SocketAddr, path: &str, clients: u32, every: Duration) -> Self {
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            let (counts, address) = (Arc::clone(&counts), format!("http://{edge}{path}"));
            tasks.spawn(async move {
                let client = plain();
                let mut turn = interval(every);
                turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    turn.tick().await;
                    let kind = outcome(&client, &address).await;
                    counts.0[kind].fetch_add(1, SeqCst);
                }
            });
        }
        Self {
            counts,
            _clients: tasks,
        }
    }

    /// What became of all so far.
    pub(crate) fn tally(&self) -> Tally {
        let [served, failed, broken] = [0, 1, 2].map(|kind| self.counts.0[kind].load(SeqCst));
        Tally { served, failed, broken }
    }
}

/// Its place among the counts.
async fn outcome(client: &Plain, address: &str) -> usize {
    let request = Request::get(address).body(Full::default()).unwrap();
    let Ok(answer) = client.request(request).await else {
        return 1;
    };
    let status = answer.status();
    match answer.into_body().collect().await {
        Ok(body) => usize::from(status != 200 || body.to_bytes() != "ok"),
        Err(_) => 2,
    }
}
