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
use http::{HeaderValue, Request, header};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
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
        let options = Options {
            local: Some(address_of(number)),
            ..Options::default()
        };
        let connector = Connector::new(self.target.clone(), options);
        let connector = connector.map_err(|error| Failure::new("connect", error.to_string()))?;
        let mut client = Client {
            connection: Connection::open(&connector).await?,
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

/// A loopback address for each client: a proxy that bounds an address must not take them all for one.
fn address_of(number: u32) -> IpAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    // 127.64.0.1 and up; 127.0.0.1 is where the servers are.
    let low = u32::from(low) + 1;
    let carry = u8::from(low == 256);
    IpAddr::V4(Ipv4Addr::new(
        127,
        64 | (high & 0x3f),
        middle.wrapping_add(carry),
        u8::try_from(low).unwrap_or(0),
    ))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_addresses_of_their_own() {
        let all: std::collections::BTreeSet<IpAddr> = (0..2000).map(address_of).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(IpAddr::is_loopback));
        assert_eq!(address_of(0), IpAddr::from([127, 64, 0, 1]));
    }
}
