//! The load: clients that each ask their own question over a kept connection and look at every answer.

use super::{
    Peer, Work,
    tokens::Tokens,
    work::{Question, WEB_ORIGIN},
};
use bench_load::{
    Failure, Recorder, StepId, Workload,
    protocol::{Answer, Body, Connection, Connector, Options, Target},
};
use flate2::read::GzDecoder;
use http::{HeaderValue, Request, header};
use std::{
    io::Read,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(10);
const ONLY: StepId = StepId(0);

/// What is asked of one peer.
pub(crate) struct Asking {
    target: Target,
    peer: Peer,
    work: Work,
    tokens: Tokens,
}

/// One client.
pub(crate) struct Client {
    connection: Connection,
    question: Question,
}

impl Asking {
    /// Of the peer at this address. `tokens` are the keys it was started with.
    ///
    /// # Errors
    /// The address is none.
    pub(crate) fn new(address: SocketAddr, peer: Peer, work: Work, tokens: Tokens) -> Result<Self, Failure> {
        let target = Target::parse(&format!("http://{address}"));
        Ok(Self {
            target: target.map_err(|error| Failure::new("connect", error.to_string()))?,
            peer,
            work,
            tokens,
        })
    }
}

impl Workload for Asking {
    type Client = Client;

    fn steps(&self) -> Vec<String> {
        vec![self.work.name().to_owned()]
    }

    async fn open(&self, number: u32) -> Result<Client, Failure> {
        let connector = Connector::new(self.target.clone(), Options::default());
        let connector = connector.map_err(|error| Failure::new("connect", error.to_string()))?;
        let mut client = Client {
            // From an address of its own: a proxy that bounds an address must not take them all for one.
            connection: Connection::open(&connector.of_client(number)).await?,
            question: self.work.question(self.peer, &self.tokens, number),
        };
        let answer = client.ask().await?;
        client.keep_cookie(&answer);
        Ok(client)
    }

    async fn iterate(&self, client: &mut Client, due: Instant, recorder: &Rc<dyn Recorder>) -> Result<(), Failure> {
        let result = client.ask().await.map(|answer| answer.body.len() as u64);
        recorder.step(ONLY, due, client.connection.last_sent(), &result);
        result.map(|_| ())
    }
}

impl Client {
    async fn ask(&mut self) -> Result<Answer, Failure> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static(self.question.target);
        request.headers_mut().clone_from(&self.question.headers);
        let answer = self.connection.send(request, TIMEOUT).await?;
        self.question.judge(&answer)?;
        Ok(answer)
    }

    /// The affinity cookie, where there is one.
    fn keep_cookie(&mut self, answer: &Answer) {
        let Some(set) = answer.headers.get(header::SET_COOKIE) else {
            return;
        };
        let pair = set.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        if let Ok(cookie) = HeaderValue::from_bytes(pair) {
            self.question.headers.insert(header::COOKIE, cookie);
        }
    }
}

impl Question {
    fn judge(&self, answer: &Answer) -> Result<(), Failure> {
        if answer.status != http::StatusCode::OK {
            return Err(Failure::new("status", format!("{} instead of 200", answer.status)));
        }
        let coded = answer.headers.get(header::CONTENT_ENCODING);
        if coded.is_some_and(|coding| coding == "gzip") != self.is_gzipped {
            return Err(Failure::new("header", format!("content-encoding is {coded:?}")));
        }
        if self.is_gzipped {
            return self.judge_gzip(&answer.body);
        }
        if !self.is_right(&answer.body) {
            let shown = String::from_utf8_lossy(&answer.body[..answer.body.len().min(120)]).into_owned();
            return Err(Failure::new("body", format!("{shown} instead of {}…", self.body)));
        }
        let opened = answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        if self.cors && opened.is_none_or(|origin| origin != WEB_ORIGIN) {
            return Err(Failure::new(
                "header",
                "access-control-allow-origin is missing or another",
            ));
        }
        Ok(())
    }

    fn judge_gzip(&self, body: &[u8]) -> Result<(), Failure> {
        let mut decoded = Vec::with_capacity(self.body.len());
        let read = GzDecoder::new(body).read_to_end(&mut decoded);
        match read {
            Ok(_) if self.is_right(&decoded) => Ok(()),
            Ok(length) => Err(Failure::new("body", format!("{length} other bytes"))),
            Err(error) => Err(Failure::new("body", format!("not gzip: {error}"))),
        }
    }
}
