//! A connection to a service whose reader gets an answer's head first, and nothing behind it until it asks again: so that the rest can be
//! somebody else's to read. Pingora's own reader takes whatever comes along, and gives it to nobody.

use crate::wrapped::{known_by, writes_through};
use bytes::{Buf, Bytes};
use pingora_core::protocols::{GetSocketDigest, SocketDigest, Stream};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, ReadBuf};

/// See the module.
pub(crate) struct HeadFirst {
    inner: Stream,
    head: Head,
    /// Read with the head, and behind it.
    rest: Bytes,
    /// Whether any of the body has been given.
    has_given: bool,
}

/// Where in a head the next byte stands.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    /// Bytes so far.
    length: usize,
    /// Whether its status is an interim one: another head follows.
    is_interim: bool,
    /// Whether the line has nothing so far.
    is_blank: bool,
    is_over: bool,
}

/// Where the status begins: `HTTP/1.1 200`.
const STATUS: usize = 9;

impl Head {
    /// How many of these bytes belong to it.
    fn pass(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            if self.length == STATUS {
                self.is_interim = *byte == b'1';
            }
            self.length += 1;
            match byte {
                b'\n' if self.is_blank => {
                    *self = Self {
                        is_over: !self.is_interim,
                        ..Self::default()
                    };
                    return at + 1;
                }
                b'\n' => self.is_blank = true,
                b'\r' => {}
                _ => self.is_blank = false,
            }
        }
        bytes.len()
    }
}

impl HeadFirst {
    /// In front of a connection on which an answer's head comes next.
    pub(crate) fn before(inner: Stream) -> Stream {
        Box::new(Self {
            inner,
            head: Head::default(),
            rest: Bytes::new(),
            has_given: false,
        })
    }

    /// Whether this stands right behind a head.
    pub(crate) fn is_at_body(stream: &Stream) -> bool {
        let own = stream.as_any().downcast_ref::<Self>();
        own.is_some_and(|own| own.head.is_over && !own.has_given)
    }

    /// The connection, and what was read of the body.
    pub(crate) fn apart(stream: Stream) -> Option<(Stream, Bytes)> {
        let own = stream.into_any().downcast::<Self>().ok()?;
        Some((own.inner, own.rest))
    }

    /// The connection, for another request: nothing may be left of this one.
    pub(crate) fn reusable(stream: Stream) -> Option<Stream> {
        if !stream.as_any().is::<Self>() {
            return Some(stream);
        }
        Self::apart(stream).and_then(|(stream, rest)| rest.is_empty().then_some(stream))
    }
}

impl AsyncRead for HeadFirst {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let own = self.get_mut();
        let before = buf.filled().len();
        if own.rest.is_empty() {
            ready!(Pin::new(&mut own.inner).poll_read(cx, buf))?;
        } else {
            let some = own.rest.len().min(buf.remaining());
            buf.put_slice(&own.rest[..some]);
            own.rest.advance(some);
        }
        let read = &buf.filled()[before..];
        if own.head.is_over {
            own.has_given |= !read.is_empty();
            return Poll::Ready(Ok(()));
        }
        let head = own.head.pass(read);
        if head < read.len() {
            own.rest = [&read[head..], &own.rest].concat().into();
            buf.set_filled(before + head);
        }
        Poll::Ready(Ok(()))
    }
}

writes_through!(HeadFirst, inner);
known_by!(HeadFirst, inner);

impl GetSocketDigest for HeadFirst {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn a_head_comes_alone_however_it_is_cut() {
        let interim = "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n";
        let last = "HTTP/1.1 200 OK\r\na: 1\r\n\r\n";
        for room in [1, 2, 7, 40, 4096] {
            let (mut service, edge) = duplex(4096);
            let mut stream = HeadFirst::before(Box::new(edge));
            service
                .write_all(format!("{interim}{last}body\n\nmore").as_bytes())
                .await
                .unwrap();
            for head in [interim, last] {
                assert!(!HeadFirst::is_at_body(&stream));
                let mut seen = Vec::new();
                while seen.len() < head.len() {
                    let mut some = vec![0; room];
                    let count = stream.read(&mut some).await.unwrap();
                    seen.extend_from_slice(&some[..count]);
                }
                assert_eq!(seen, head.as_bytes(), "{room}");
            }
            assert!(HeadFirst::is_at_body(&stream));
            drop(service);
            let (mut inner, early) = HeadFirst::apart(stream).unwrap();
            let mut rest = early.to_vec();
            inner.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"body\n\nmore", "{room}");
        }
    }

    #[tokio::test]
    async fn who_has_read_on_has_the_body_and_what_is_left_is_not_reused() {
        let (mut service, edge) = duplex(4096);
        let mut stream = HeadFirst::before(Box::new(edge));
        service.write_all(b"HTTP/1.1 200 OK\r\n\r\nbody").await.unwrap();
        assert_eq!(stream.read(&mut [0; 100]).await.unwrap(), 19);
        let mut seen = [0; 2];
        stream.read_exact(&mut seen).await.unwrap();
        assert!(seen == *b"bo" && !HeadFirst::is_at_body(&stream));
        assert!(HeadFirst::reusable(stream).is_none());
    }
}
