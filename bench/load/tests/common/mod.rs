//! What the tests of the generator share.
#![allow(dead_code, clippy::expect_used)] // each test program uses a part

use bench_load::{
    Failure, Recorder, StepId, Workload,
    protocol::{Body, Connection, Connector, Options, Target},
};
use bench_origin::{Origin, Settings};
use http::Request;
use std::{
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

pub fn origin() -> Origin {
    Origin::start(Settings::default()).expect("a port is free")
}

pub fn connector(url: &str, options: Options) -> Connector {
    Connector::new(Target::parse(url).expect("an address"), options).expect("usable options")
}

pub fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

/// Does something at the n-th iteration.
pub struct Trigger {
    at: u64,
    count: AtomicU64,
    action: Box<dyn Fn() + Send + Sync>,
}

impl Trigger {
    pub fn new(at: u64, action: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            at,
            count: AtomicU64::new(0),
            action: Box::new(action),
        }
    }

    fn pull(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.at {
            (self.action)();
        }
    }
}

/// Asks for one path over and over.
pub struct Get {
    connector: Connector,
    path: String,
    trigger: Option<Trigger>,
}

impl Get {
    pub fn new(origin: &Origin, path: &str) -> Self {
        let url = format!("http://{}", origin.address());
        Self {
            connector: connector(&url, Options::default()),
            path: path.to_owned(),
            trigger: None,
        }
    }

    pub fn trigger(self, trigger: Trigger) -> Self {
        Self {
            trigger: Some(trigger),
            ..self
        }
    }
}

impl Workload for Get {
    type Client = Connection;

    fn steps(&self) -> Vec<String> {
        vec!["get".to_owned()]
    }

    async fn open(&self, _: u32) -> Result<Connection, Failure> {
        Connection::open(&self.connector).await
    }

    async fn iterate(
        &self,
        connection: &mut Connection,
        due: Instant,
        recorder: &Rc<dyn Recorder>,
    ) -> Result<(), Failure> {
        if let Some(trigger) = &self.trigger {
            trigger.pull();
        }
        let result = connection.send(get(&self.path), Duration::from_secs(30)).await;
        let result = result.map(|answer| answer.body.len() as u64);
        recorder.step(StepId(0), due, connection.last_sent(), &result);
        result.map(|_| ())
    }
}
