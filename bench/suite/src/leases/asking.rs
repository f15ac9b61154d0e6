//! The load: clients that ask for one path, and count what becomes of it.

use bench_load::{
    Failure, Recorder, StepId, Workload,
    protocol::{Body, Connection, Connector, Options, Target},
};
use http::{Request, StatusCode, Uri};
use std::{
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(10);
const ONLY: StepId = StepId(0);

/// What is asked.
pub(crate) struct Asking {
    target: Target,
    path: &'static str,
    asked: AtomicU64,
    admitted: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// What came of it so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) asked: u64,
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
}

impl Asking {
    /// For this path of a target.
    pub(crate) fn new(target: Target, path: &'static str) -> Self {
        Self {
            target,
            path,
            asked: AtomicU64::new(0),
            admitted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// What came of it so far. Of what is under way nothing is counted.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            asked: self.asked.load(Relaxed),
            admitted: self.admitted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }

    async fn ask(&self, client: &mut Connection) -> Result<u64, Failure> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(self.path);
        let answer = client.send(request, TIMEOUT).await?;
        match answer.status {
            StatusCode::OK => self.admitted.fetch_add(1, Relaxed),
            StatusCode::TOO_MANY_REQUESTS => self.refused.fetch_add(1, Relaxed),
            status => return Err(Failure::new("status", format!("{status} instead of 200 or 429"))),
        };
        Ok(answer.body.len() as u64)
    }
}

impl Workload for Asking {
    type Client = Connection;

    fn steps(&self) -> Vec<String> {
        vec![self.path.to_owned()]
    }

    async fn open(&self, number: u32) -> Result<Connection, Failure> {
        let connector = Connector::new(self.target.clone(), Options::default());
        let connector = connector.map_err(|error| Failure::new("connect", error.to_string()))?;
        // From an address of its own: the flood guard must not take them all for one.
        Connection::open(&connector.of_client(number)).await
    }

    async fn iterate(&self, client: &mut Connection, due: Instant, recorder: &Rc<dyn Recorder>) -> Result<(), Failure> {
        let result = self.ask(client).await;
        self.asked.fetch_add(1, Relaxed);
        if result.is_err() {
            self.failed.fetch_add(1, Relaxed);
        }
        recorder.step(ONLY, due, client.last_sent(), &result);
        result.map(|_| ())
    }
}
