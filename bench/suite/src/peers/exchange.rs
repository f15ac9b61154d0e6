//! One request on a connection of its own, for the checks before anything is measured.

use super::work::Question;
use shared_stack::probe;
use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// The head in lower case.
    head: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Whether it opens itself to that origin.
    pub(crate) fn opens_to(&self, origin: &str) -> bool {
        self.head.lines().any(|line| {
            line.strip_prefix("access-control-allow-origin:")
                .is_some_and(|value| value.trim() == origin)
        })
    }
}

/// Asks and reads until the other side closes.
///
/// # Errors
/// It does not connect, does not answer, or not in HTTP.
pub(crate) fn ask(address: SocketAddr, question: &Question) -> io::Result<Answer> {
    let mut request = format!(
        "GET {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n",
        question.target
    );
    for (name, value) in &question.headers {
        request.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    request.push_str("\r\n");
    let mut stream = probe::connect(&address.to_string())?;
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| io::Error::other("not HTTP"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let status = head.strip_prefix("http/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: http://a\r\n\r\n{}").unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
        assert!(answer.opens_to("http://a") && !answer.opens_to("http://b"));
        assert!(parse(b"SSH-2.0").is_none());
    }
}
