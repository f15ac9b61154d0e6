//! One keep-alive connection that asks one thing after the other.

use shared_stack::{Context, Error, Result};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Under callgrind a request takes some milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that waits for each answer.
pub(crate) struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let connect = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let connected: std::io::Result<_> = connect();
        let stream = connected.context(|| format!("cannot connect to {address}"))?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a whole request in one piece, and reads the whole answer, head and body as text.
    ///
    /// # Errors
    /// The connection broke, or the answer is none.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<&str> {
        let broken = || "the exchange with the edge broke off".to_owned();
        self.stream.write_all(request).context(broken)?;
        self.answer.clear();
        let mut piece = [0; 16 * 1024];
        while !is_whole(&self.answer)? {
            match self.stream.read(&mut piece).context(broken)? {
                0 => return Err(Error::new("the edge closed the connection")),
                length => self.answer.extend_from_slice(&piece[..length]),
            }
        }
        std::str::from_utf8(&self.answer).map_err(|_| Error::new("the answer is no text"))
    }
}

/// Whether head and body are there. Answers without a declared length are not understood.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: Option<usize> = length.and_then(|length| length.trim().parse().ok());
    let length = length.ok_or_else(|| Error::new(format!("an answer without a length:\n{head}")))?;
    Ok(answer.len() >= end + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_body() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\n").unwrap());
        assert!(!is_whole(format!("{head}a").as_bytes()).unwrap());
        assert!(is_whole(format!("{head}ab").as_bytes()).unwrap());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
