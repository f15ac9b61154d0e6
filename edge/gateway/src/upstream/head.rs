//! The head of one of the edge's own requests, as the bytes that go over the wire.

use http::{Method, uri::PathAndQuery};
use pingora_error::{Error, ErrorType, Result};
use pingora_http::RequestHeader;

/// Takes header fields: the head of a client's request on its way to a service, or that of a request of the edge's own.
pub(crate) trait Fields {
    /// Sets a field that is not there yet, or in whose place this one is to stand.
    ///
    /// # Errors
    /// The value has bytes that a field cannot have.
    fn set(&mut self, name: &'static str, value: &[u8]) -> Result<()>;
}

impl Fields for RequestHeader {
    fn set(&mut self, name: &'static str, value: &[u8]) -> Result<()> {
        self.insert_header(name, value)
    }
}

/// Request line and fields. Each field may be set once.
#[derive(Debug, Clone)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    /// A head without fields.
    pub(crate) fn new(method: &Method, target: &PathAndQuery) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        for part in [method.as_str(), " ", target.as_str(), " HTTP/1.1\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        Self(bytes)
    }

    /// The whole request: with its body behind it, one write sends it and one read gets it.
    pub(crate) fn with_body(&self, body: &[u8]) -> Vec<u8> {
        let length = match body.len() {
            0 => String::new(),
            length => format!("content-length: {length}\r\n"),
        };
        [&*self.0, length.as_bytes(), b"\r\n", body].concat()
    }
}

impl Fields for Head {
    fn set(&mut self, name: &'static str, value: &[u8]) -> Result<()> {
        let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
        if value.iter().any(is_control) {
            return Error::e_explain(ErrorType::InvalidHTTPHeader, format!("the value of {name}"));
        }
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_is_written_as_rfc_9112_says() {
        let mut head = Head::new(&Method::POST, &PathAndQuery::from_static("/graphql"));
        head.set("host", b"a").unwrap();
        assert_eq!(
            head.with_body(b"{}"),
            b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}"
        );
        let head = Head::new(&Method::GET, &PathAndQuery::from_static("/keys?all"));
        assert_eq!(head.with_body(b""), b"GET /keys?all HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn a_value_cannot_become_a_second_field() {
        let mut head = Head::new(&Method::GET, &PathAndQuery::from_static("/"));
        for value in ["a\r\nx-user-id: 1", "a\nb", "a\0"] {
            assert!(head.set("x-request-id", value.as_bytes()).is_err(), "{value:?}");
        }
        head.set("x-user-name", "Zoë\t".as_bytes()).unwrap();
    }
}
