//! The clients: one query over kept connections, every answer compared with the right one.

use super::Side;
use bench_load::{
    Failure, Recorder, StepId, Workload,
    protocol::{Answer, Body, Connection, Connector, Options, Target},
};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use std::{
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// What every side is asked.
const QUERY: &str = r#"{"query":"query { getPosts(input: {limit: 10}) { success posts { id content author { id username } likeCount commentCount createdAt } pageInfo { hasNextPage endCursor } } }"}"#;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Requests from one address: below both sides' quota of 100.
const BY_ADDRESS: u32 = 50;

/// Asking one side.
pub(super) struct Asking {
    target: Target,
    tokens: Vec<String>,
    expected: Option<Bytes>,
}

/// One client.
pub(super) struct Client {
    connection: Connection,
    token: Option<HeaderValue>,
    address: HeaderValue,
    asked: u32,
}

impl Asking {
    /// Of this side. Without `expected` any answer will do.
    pub(super) fn new(side: &Side, signed_in: bool, expected: Option<Bytes>) -> Result<Self, Failure> {
        let target = Target::parse(&side.address).map_err(|error| Failure::new("connect", error.to_string()))?;
        let tokens = if signed_in { side.tokens.clone() } else { Vec::new() };
        Ok(Self {
            target,
            tokens,
            expected,
        })
    }

    /// One answer's body.
    pub(super) async fn once(&self) -> Result<Bytes, Failure> {
        let mut client = self.open(0).await?;
        self.ask(&mut client).await.map(|answer| answer.body)
    }

    async fn ask(&self, client: &mut Client) -> Result<Answer, Failure> {
        if client.asked.is_multiple_of(BY_ADDRESS) {
            client.address = address();
        }
        client.asked += 1;
        let mut request = Request::new(Body::from(QUERY));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static("/graphql");
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-forwarded-for", client.address.clone());
        if let Some(token) = &client.token {
            headers.insert(header::AUTHORIZATION, token.clone());
        }
        let answer = client.connection.send(request, TIMEOUT).await?;
        if answer.status != StatusCode::OK {
            return Err(Failure::new("status", format!("{} instead of 200", answer.status)));
        }
        if self.expected.as_ref().is_some_and(|expected| *expected != answer.body) {
            let shown = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]).into_owned();
            return Err(Failure::new("body", format!("not the feed as it is: {shown}")));
        }
        Ok(answer)
    }
}

impl Workload for Asking {
    type Client = Client;

    fn steps(&self) -> Vec<String> {
        vec!["feed".to_owned()]
    }

    async fn open(&self, number: u32) -> Result<Client, Failure> {
        let connector = Connector::new(self.target.clone(), Options::default());
        let connector = connector.map_err(|error| Failure::new("connect", error.to_string()))?;
        let token = match self.tokens.len() {
            0 => None,
            count => HeaderValue::from_str(&format!("Bearer {}", self.tokens[number as usize % count])).ok(),
        };
        Ok(Client {
            connection: Connection::open(&connector).await?,
            token,
            address: address(),
            asked: 0,
        })
    }

    async fn iterate(&self, client: &mut Client, due: Instant, recorder: &Rc<dyn Recorder>) -> Result<(), Failure> {
        let result = self.ask(client).await.map(|answer| answer.body.len() as u64);
        recorder.step(StepId(0), due, client.connection.last_sent(), &result);
        result.map(|_| ())
    }
}

/// An address that no client of this run had before.
fn address() -> HeaderValue {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, high, middle, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // Digits and dots are a header's value.
    HeaderValue::from_str(&format!("10.{high}.{middle}.{low}")).unwrap_or(HeaderValue::from_static("10.0.0.1"))
}
