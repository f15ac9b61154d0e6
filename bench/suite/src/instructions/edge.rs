//! Instructions of one request through the real edge: a program under callgrind, one worker thread, one keep-alive
//! connection, the same request over and over.
//!
//! A count covers whole windows of requests, so that start-up is not in it and what happens once in many requests is in
//! it by its share. Only the thread that serves is counted.

use super::{callgrind::Counted, client::Client, subgraph};
use crate::system::{
    cpus::Cpus,
    origins::loopback,
    place::Place,
    process::{Program, Running},
};
use bench_micro::token;
use bench_origin::{Origin, Settings};
use bench_report::model::InstructionCount;
use serde_json::json;
use shared_stack::{Context, Error, Options, Result, Stack, Store, ports, probe};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

/// Requests before anything is counted: connections, caches and tables are then there.
const WARM_UP: u32 = 300;
/// Requests of one window.
const WINDOW: u32 = 400;
/// Windows; their median counts.
const WINDOWS: usize = 7;
/// Valgrind starts in seconds.
const PATIENCE: Duration = Duration::from_secs(120);

const CONFIG: &str = include_str!("edge.yaml");
const ORIGIN: &str = "http://localhost:5173";
const FEED: &str = "query Feed($input: GetPostsInput) { getPosts(input: $input) { success posts { id content \
                    author { username } likeCount commentCount createdAt } pageInfo { hasNextPage endCursor } } }";

/// One road through the edge.
pub(crate) struct Road {
    /// `edge::` and what is asked.
    pub(crate) name: &'static str,
    request: Vec<u8>,
    /// What every answer must hold: a count of refusals would be a nice small number.
    expected: &'static [&'static str],
}

/// What stands around the edge: Redis, an origin, a subgraph, a configuration.
pub(crate) struct Surroundings {
    redis: Stack,
    origin: Origin,
    config: PathBuf,
}

impl Surroundings {
    /// Starts them; `trusted` proxies are believed by the edge, for clients that send from many addresses.
    ///
    /// # Errors
    /// Something does not start.
    pub(crate) fn start(place: &Place, trusted: &str) -> Result<Self> {
        let options = Options {
            throwaway: true,
            ..Options::default()
        };
        let redis = Stack::new(&place.file("stores"), options)?;
        let settings = Settings {
            jwks: token::jwks(),
            ..Settings::default()
        };
        let surroundings = Self {
            redis,
            origin: Origin::start(settings).context(|| "cannot start an origin".to_owned())?,
            config: place.write("edge-counted.yaml", &format!("trusted_proxies: [{trusted}]\n{CONFIG}"))?,
        };
        surroundings.redis.start(Store::Redis, &|| false)?;
        Ok(surroundings)
    }

    /// The edge before it is started, and where it will listen.
    ///
    /// # Errors
    /// No port can be had.
    pub(crate) fn edge(&self, place: &Place, program: &Path) -> Result<(Program, SocketAddr)> {
        let (address, admin) = (loopback(ports::free()?), loopback(ports::free()?));
        let mut edge = Program::new("edge-counted", program, &["run", "--config"])
            .arg(&self.config)
            .env("EDGE_BIND", address.to_string())
            .env("EDGE_ADMIN_BIND", admin.to_string())
            .env("EDGE_AFFINITY_KEY", "00112233445566778899aabbccddeeff")
            .env("SERVICE_TOKEN", "edge.0011223344556677")
            .env("REDIS_URL", self.redis.redis_url()?.unwrap_or_default())
            .env("ORIGIN", self.origin.address().to_string())
            .env("SUBGRAPH", subgraph::start()?.to_string())
            // The access log is part of what a request costs; its line goes to a file.
            .env("RUST_LOG", "info");
        // Schemas are named against the checkout.
        edge.cwd = Some(place.root.clone());
        Ok((edge, address))
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        // Left running it would be ended by the next run.
        let _ = self.redis.stop(Store::Redis);
    }
}

/// Waits until an edge serves.
///
/// # Errors
/// It ended, or took too long.
pub(crate) fn await_edge(running: &Running, address: SocketAddr) -> Result<()> {
    let healthy = || probe::http_status(&address.to_string(), "/health").is_ok_and(|status| status == 200);
    running.await_ready(PATIENCE, healthy)
}

/// Counts all roads through this edge.
///
/// # Errors
/// Something does not start, or an answer is not what it must be.
pub(super) fn count(place: &Place, program: &Path) -> Result<Vec<InstructionCount>> {
    let surroundings = Surroundings::start(place, "")?;
    let (edge, address) = surroundings.edge(place, program)?;
    // The edge has a worker for each processor it may use.
    let one = Cpus::first().ok_or_else(|| Error::new("the edge cannot be bound to one processor"))?;
    let mut counted = Counted::start(place, edge, &one)?;
    await_edge(counted.running(), address)?;
    let mut client = Client::connect(address)?;
    let mut entries = Vec::new();
    for road in roads() {
        entries.push(InstructionCount {
            name: road.name.to_owned(),
            instructions: super::rounded(road.count(&mut counted, &mut client)?),
        });
    }
    Ok(entries)
}

impl Road {
    fn count(&self, edge: &mut Counted, client: &mut Client) -> Result<f64> {
        self.warm_up(client)?;
        edge.account()?;
        let mut windows = Vec::with_capacity(WINDOWS);
        for _ in 0..WINDOWS {
            for _ in 0..WINDOW {
                self.ask(client)?;
            }
            windows.push(edge.account()? as f64 / f64::from(WINDOW));
        }
        windows.sort_by(f64::total_cmp);
        Ok(windows[WINDOWS / 2])
    }

    /// Asks until everything is there that is made on first use: the key set may still be on its way at the first.
    ///
    /// # Errors
    /// The answers stay wrong.
    pub(crate) fn warm_up(&self, client: &mut Client) -> Result<()> {
        let mut asked = 0;
        let mut refused = None;
        for _ in 0..WARM_UP * 2 {
            match self.ask(client) {
                Ok(()) => asked += 1,
                Err(error) => refused = Some(error),
            }
            if asked == WARM_UP {
                return Ok(());
            }
        }
        Err(refused.unwrap_or_else(|| Error::new("not warm")))
    }

    /// Asks once, and checks the answer.
    ///
    /// # Errors
    /// It is not what it must be.
    pub(crate) fn ask(&self, client: &mut Client) -> Result<()> {
        let answer = client.ask(&self.request)?;
        match self.expected.iter().find(|part| !answer.contains(**part)) {
            None => Ok(()),
            Some(part) => {
                let text = format!("{}: the answer has no `{part}`:\n{answer}", self.name);
                Err(Error::new(text))
            }
        }
    }
}

/// All of them.
pub(crate) fn roads() -> Vec<Road> {
    let cookie = format!(
        "cookie: theme=dark; access_token={}\r\norigin: {ORIGIN}\r\n",
        token::access_token()
    );
    let feed = json!({ "query": FEED, "variables": { "input": { "limit": 20 } } }).to_string();
    let length = feed.len();
    let posted = format!("{cookie}content-type: application/json\r\ncontent-length: {length}\r\n");
    vec![
        Road {
            name: "edge::pass-through",
            request: request("GET /", "", ""),
            expected: &["HTTP/1.1 200"],
        },
        Road {
            name: "edge::pass-through, guarded",
            request: request("GET /nonce/guarded", "", ""),
            expected: &["HTTP/1.1 200", "{\"nonce\":\"guarded\"}"],
        },
        Road {
            name: "edge::pass-through, limited",
            request: request("GET /nonce/limited", "", ""),
            expected: &["HTTP/1.1 200", "{\"nonce\":\"limited\"}"],
        },
        Road {
            name: "edge::signed in",
            request: request("GET /nonce/signed-in", &cookie, ""),
            expected: &[
                "HTTP/1.1 200",
                "{\"nonce\":\"signed-in\"}",
                "access-control-allow-origin: http://localhost:5173",
            ],
        },
        Road {
            name: "edge::admitted",
            request: request("GET /nonce/admitted", &cookie, ""),
            expected: &[
                "HTTP/1.1 200",
                "{\"nonce\":\"admitted\"}",
                "ratelimit: ",
                "access-control-allow-origin: http://localhost:5173",
            ],
        },
        Road {
            name: "edge::admitted, leased",
            request: request("GET /nonce/leased", &cookie, ""),
            expected: &[
                "HTTP/1.1 200",
                "{\"nonce\":\"leased\"}",
                "ratelimit: ",
                "access-control-allow-origin: http://localhost:5173",
            ],
        },
        Road {
            name: "edge::graphql feed",
            request: request("POST /graphql", &posted, &feed),
            expected: &["HTTP/1.1 200", "\"getPosts\":{", "\"endCursor\":\"MjAyNg\""],
        },
    ]
}

impl Road {
    /// The same road for a client behind a trusted proxy.
    pub(crate) fn of_address(&self, address: IpAddr) -> Self {
        let text = String::from_utf8_lossy(&self.request);
        let field = format!("\r\nx-forwarded-for: {address}\r\n");
        Self {
            name: self.name,
            request: text.replacen("\r\n", &field, 1).into_bytes(),
            expected: self.expected,
        }
    }
}

/// A request as a browser's script sends it.
fn request(line: &str, more: &str, body: &str) -> Vec<u8> {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    format!(
        "{line} HTTP/1.1\r\nhost: feed.example\r\nuser-agent: {agent}\r\naccept: application/json\r\n\
         accept-encoding: gzip, deflate, br\r\naccept-language: en\r\n{more}\r\n{body}"
    )
    .into_bytes()
}
