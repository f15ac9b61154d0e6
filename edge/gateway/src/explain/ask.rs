//! The request that is asked about, and the session that Pingora makes of it: what arrives is what would arrive.

use crate::{
    front::{lines_within, refusal},
    problem::ClientError,
};
use edge_policy::head::HeadLimits;
use pingora_proxy::Session;
use serde::{Deserialize, Serialize};
use std::{io::Cursor, net::IpAddr};

/// A request as it would be sent, HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Ask {
    /// Its method.
    pub(crate) method: String,
    /// Its target: a path, maybe with a query.
    pub(crate) target: String,
    /// Its header fields, in the order they are sent. One without `Host` gets the listener's address as its host.
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// Where its connection comes from.
    pub(crate) client_ip: IpAddr,
    /// Whether it comes over TLS.
    #[serde(default)]
    pub(crate) tls: bool,
}

/// A request that nobody can send.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be part of a request: it holds a line's end or a zero")]
pub(crate) struct Unsendable(String);

/// What Pingora makes of a request's bytes.
pub(super) enum Read {
    /// A request, and the length of its first line.
    Request(Box<Session>, usize),
    /// Nothing: it is refused as it is read.
    Refused(ClientError),
}

impl Ask {
    /// Whether a field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// The request's head as bytes. `host` stands in for a host that is not given.
    fn to_bytes(&self, host: &str) -> Result<Vec<u8>, Unsendable> {
        let sendable = |text: &str| match text.contains(['\r', '\n', '\0']) {
            true => Err(Unsendable(text.to_owned())),
            false => Ok(()),
        };
        sendable(&self.method)?;
        sendable(&self.target)?;
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("host") {
            head.push_str(&format!("Host: {host}\r\n"));
        }
        for (name, value) in &self.headers {
            sendable(name)?;
            sendable(value)?;
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Ok(head.into_bytes())
    }

    /// Lets the front and Pingora read it, as from a connection that holds the head and nothing more.
    pub(super) async fn read(&self, host: &str, limits: HeadLimits) -> Result<Read, Unsendable> {
        let bytes = self.to_bytes(host)?;
        let mut lines = lines_within(limits);
        if let Err(fault) = lines.feed(&bytes) {
            return Ok(Read::Refused(refusal::of_fault(fault)));
        }
        let mut session = Session::new_h1(Box::new(Cursor::new(bytes)));
        Ok(match session.as_downstream_mut().read_request().await {
            // Tunnels to anywhere are not offered: Pingora says so before the edge sees the request.
            Ok(true) if session.req_header().method == http::Method::CONNECT => {
                Read::Refused(refusal::not_implemented())
            }
            Ok(true) => Read::Request(Box::new(session), lines.first_line()),
            Ok(false) | Err(_) => Read::Refused(refusal::ambiguous()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn ask(target: &str, headers: &[(&str, &str)]) -> Ask {
        Ask {
            method: "GET".into(),
            target: target.into(),
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            client_ip: "127.0.0.1".parse().unwrap(),
            tls: false,
        }
    }

    const LIMITS: HeadLimits = HeadLimits {
        max_bytes: 1024,
        max_fields: 10,
    };

    #[tokio::test]
    async fn it_is_read_as_from_a_connection() {
        let Read::Request(session, first_line) = ask("/a?b", &[("X-A", "1"), ("x-a", "2")])
            .read("h:1", LIMITS)
            .await
            .unwrap()
        else {
            panic!("a good request is refused");
        };
        let head = session.req_header();
        assert_eq!(
            (head.raw_path(), &head.headers["host"]),
            (&b"/a?b"[..], &"h:1".parse().unwrap())
        );
        assert_eq!(head.headers.get_all("x-a").iter().count(), 2);
        assert_eq!(first_line, "GET /a?b HTTP/1.1".len());
        for (target, headers) in [("/", &[("content-length", "x")][..]), ("/", &[("bad name", "x")])] {
            assert!(
                matches!(ask(target, headers).read("h", LIMITS).await.unwrap(), Read::Refused(_)),
                "{headers:?}"
            );
        }
        assert!(ask("/\r\nx: y", &[]).read("h", LIMITS).await.is_err());
        assert!(ask("/", &[("a", "b\nc")]).read("h", LIMITS).await.is_err());
    }
}
