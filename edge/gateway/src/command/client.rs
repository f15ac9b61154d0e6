//! A client of the admin listener: one request a connection. The listener always tells the length of its answers, so there is
//! little to understand.

use super::{Failure, place::Place};
use crate::admin::Token;
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

const CONNECT: Duration = Duration::from_secs(2);
/// A reload waits for what is new to come up, and for the reloads before it.
const ANSWER: Duration = Duration::from_secs(60);

/// What the listener answered.
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Value,
}

impl Answer {
    /// The body of a good answer.
    ///
    /// # Errors
    /// What the problem says.
    pub(super) fn ok(self) -> Result<Value, Failure> {
        if self.status < 300 {
            return Ok(self.body);
        }
        let said = |name: &str| self.body[name].as_str().unwrap_or_default();
        Err(Failure::Refused(format!("edge: {}: {}", said("code"), said("detail"))))
    }
}

/// Asks one edge.
pub(super) struct Client {
    admin: String,
    token_file: PathBuf,
}

impl Client {
    /// For the edge at that place.
    pub(super) fn new(place: &Place) -> Self {
        Self::of(place.find())
    }

    /// For the edge with that admin listener and token's file.
    pub(super) fn of((admin, token_file): (String, PathBuf)) -> Self {
        Self { admin, token_file }
    }

    /// Looks at what needs no token.
    ///
    /// # Errors
    /// There is no edge, or its answer cannot be read.
    pub(super) fn look(&self, path: &str) -> Result<Answer, Failure> {
        self.exchange("GET", path, None, "")
    }

    /// Asks with the token.
    ///
    /// # Errors
    /// There is no token, no edge, or its answer cannot be read.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let token = Token::read(&self.token_file)
            .map_err(|error| Failure::Unreachable(format!("edge: {error}; another file: --token-file FILE")))?;
        let authorization = format!("authorization: Bearer {}\r\n", token.expose());
        self.exchange(method, path, body, &authorization)
    }

    fn exchange(&self, method: &str, path: &str, body: Option<&Value>, fields: &str) -> Result<Answer, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: edge-cli/{}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n{fields}\r\n{body}",
            self.admin,
            env!("CARGO_PKG_VERSION"),
            body.len()
        );
        let answer = self.send(request.as_bytes()).map_err(|error| {
            let text = format!(
                "edge: no edge answers at {}: {error}; another one: --admin HOST:PORT",
                self.admin
            );
            Failure::Unreachable(text)
        })?;
        parse(&answer).ok_or_else(|| Failure::Unreachable(format!("edge: what answers at {} is no edge", self.admin)))
    }

    fn send(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.admin.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(mut stream) => {
                    stream.set_read_timeout(Some(ANSWER))?;
                    stream.write_all(request)?;
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer)?;
                    return Ok(answer);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let line = std::str::from_utf8(answer.get(..end)?).ok()?.lines().next()?;
    Some(Answer {
        status: line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?,
        body: serde_json::from_slice(answer.get(end + 4..)?).ok()?,
    })
}

/// A segment of a path, whatever it holds.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_is_told_from_what_is_none() {
        let answer =
            parse(b"HTTP/1.1 404 Not Found\r\na: b\r\n\r\n{\"code\":\"NOT_FOUND\",\"detail\":\"no\"}").unwrap();
        assert_eq!(answer.ok().unwrap_err().to_string(), "edge: NOT_FOUND: no");
        for none in [
            &b"SSH-2.0-OpenSSH\r\n\r\n{}"[..],
            b"HTTP/1.1 200 OK\r\n\r\n<html>",
            b"HTTP/1.1 200 OK",
            b"",
        ] {
            assert!(parse(none).is_none());
        }
        assert_eq!(segment("[::1]:80/x"), "%5B%3A%3A1%5D%3A80%2Fx");
    }
}
