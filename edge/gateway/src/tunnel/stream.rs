//! Carries the events of a stream. Like a socket's pump it holds no buffer while nothing moves; other than that one it knows the framing of
//! the body, since the last word may be the edge's own.

use super::{BUFFER, End, Events, LAST_BYTES, Label, STALL, TURN};
use crate::{
    compress::Encoder,
    context::Presence,
    standing::{Over, Standing},
};
use bytes::Bytes;
use edge_policy::wire::chunks::Chunks;
use pingora_core::protocols;
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, Sleep, sleep_until, timeout},
};

/// A timer that is set for later than this would never ring.
const LATEST: Duration = Duration::from_secs(10 * 365 * 86_400);
const END: &[u8] = b"0\r\n\r\n";

/// An answer whose head is sent.
pub(crate) struct Stream {
    /// Who reads it.
    pub(crate) client: protocols::Stream,
    /// Who says it.
    pub(crate) service: End,
    /// Whether the service sends it in chunks, and not to the connection's end.
    pub(crate) is_chunked: bool,
    /// How long the service may say nothing.
    pub(crate) silence: Option<Duration>,
    /// Where its events end.
    pub(crate) events: Events,
    /// Compresses it.
    pub(crate) encoder: Option<Encoder>,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The service said so.
    Closed,
    /// The client left, or takes nothing.
    Left,
    /// The service broke off, or says nothing any more.
    Broken,
}

/// Starts carrying. `presence` keeps request, stream and connection counted until the end.
pub(crate) fn start(stream: Stream, presence: Option<Presence>, standing: Standing, label: Label) {
    tokio::spawn(carry(Carrier::new(stream), presence, standing, label));
}

async fn carry(mut carrier: Carrier, mut presence: Option<Presence>, mut standing: Standing, label: Label) {
    let began = Instant::now();
    let why = tokio::select! {
        biased;
        over = standing.over() => Err(over),
        why = carrier.run() => Ok(why),
    };
    let told = match why {
        Ok(why) => {
            if why == Why::Broken
                && let Some(presence) = &mut presence
            {
                presence.broke_off();
            }
            format!("{why:?}")
        }
        Err(over) => {
            let last = match over {
                Over::Leaving(_) => carrier.stream.events.farewell(rand::random()),
                Over::Revoked | Over::Expired => None,
            };
            // Its events were whole, and so is what the client has of them.
            let _ = timeout(LAST_BYTES, carrier.part(last)).await;
            format!("{over:?}")
        }
    };
    let sent = carrier.sent;
    // Who broke off is not made to look as if it had ended.
    if why == Ok(Why::Closed) {
        let _ = timeout(LAST_BYTES, carrier.stream.client.shutdown()).await;
    }
    drop((carrier, presence));
    label.log.add("stream ended", |line| {
        line.text("why", &told);
        line.text("route", &label.route);
        line.text("target_address", &label.target_address);
        line.number("sent", sent);
        line.time("total_us", began.elapsed());
        line.text("request_id", &label.request_id);
    });
}

struct Carrier {
    stream: Stream,
    chunks: Chunks,
    /// Framed for the client, and not yet written.
    rest: Bytes,
    unflushed: bool,
    /// The last of all is in `rest`, or behind it.
    is_over: bool,
    /// When something was read or written last.
    moved: Instant,
    sent: u64,
}

impl Carrier {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            chunks: Chunks::default(),
            rest: Bytes::new(),
            // The head may still be there.
            unflushed: true,
            is_over: false,
            moved: Instant::now(),
            sent: 0,
        }
    }

    async fn run(&mut self) -> Why {
        let mut alarm = pin!(sleep_until(self.patience()));
        poll_fn(|cx| self.poll(cx, alarm.as_mut())).await
    }

    /// When to give up, unless something moves before.
    fn patience(&self) -> Instant {
        let bound = match self.rest.is_empty() && !self.unflushed {
            true => self.stream.silence.unwrap_or(LATEST).min(LATEST),
            false => STALL,
        };
        self.moved + bound
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut alarm: Pin<&mut Sleep>) -> Poll<Why> {
        if let Poll::Ready(why) = self.move_on(cx) {
            return Poll::Ready(why);
        }
        // The alarm moves back only when it rings: most of the time it is not touched.
        let patience = self.patience();
        if patience < alarm.deadline() {
            alarm.as_mut().reset(patience);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if patience <= Instant::now() {
                let is_stalled = !self.rest.is_empty() || self.unflushed;
                return Poll::Ready(if is_stalled { Why::Left } else { Why::Broken });
            }
            alarm.as_mut().reset(patience);
        }
        Poll::Pending
    }

    fn move_on(&mut self, cx: &mut Context<'_>) -> Poll<Why> {
        if self.client_left(cx) {
            return Poll::Ready(Why::Left);
        }
        for _ in 0..TURN {
            match self.poll_write(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Why::Left),
                Poll::Ready(Ok(())) if self.is_over => return self.poll_flush(cx).map(|_| Why::Closed),
                Poll::Ready(Ok(())) => {}
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Why::Broken),
                Poll::Pending => {
                    let flushed = if self.unflushed {
                        ready!(self.poll_flush(cx))
                    } else {
                        Ok(())
                    };
                    return match flushed {
                        Ok(()) => Poll::Pending,
                        Err(_) => Poll::Ready(Why::Left),
                    };
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// What a client says has no meaning here: its connection ends with the stream.
    fn client_left(&mut self, cx: &mut Context<'_>) -> bool {
        BUFFER.with_borrow_mut(|buffer| {
            for _ in 0..TURN {
                let mut read = ReadBuf::new(buffer);
                match Pin::new(&mut self.stream.client).poll_read(cx, &mut read) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                    Poll::Ready(_) => return true,
                }
            }
            // One that talks on and on without being asked.
            true
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let written = ready!(Pin::new(&mut self.stream.client).poll_write(cx, &self.rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let _ = self.rest.split_to(written);
            self.unflushed = true;
            self.moved = Instant::now();
        }
        // Nothing is kept of what has left.
        self.rest = Bytes::new();
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream.client).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Reads once, and frames it for the client.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let early = std::mem::take(&mut self.stream.service.early);
        if !early.is_empty() {
            return Poll::Ready(self.take(&early));
        }
        BUFFER.with_borrow_mut(|buffer| {
            let mut read = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream.service.stream).poll_read(cx, &mut read))?;
            self.moved = Instant::now();
            Poll::Ready(self.take(read.filled()))
        })
    }

    /// Takes what the service sent; nothing is its end.
    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut payload = Vec::new();
        let is_end = if self.stream.is_chunked {
            let taken = self.chunks.take(piece, |data| payload.extend_from_slice(data));
            if taken.is_err() || piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.chunks.is_done()
        } else {
            payload.extend_from_slice(piece);
            piece.is_empty()
        };
        self.stream.events.pass(&payload);
        self.frame(payload.into(), is_end)
    }

    /// Puts a piece, and the end behind it, into `rest`.
    fn frame(&mut self, payload: Bytes, is_end: bool) -> io::Result<()> {
        let payload = match &mut self.stream.encoder {
            Some(encoder) => encoder.encode(&payload, is_end)?,
            None => payload,
        };
        self.sent += payload.len() as u64;
        let mut framed = Vec::with_capacity(self.rest.len() + payload.len() + 16 + END.len());
        framed.extend_from_slice(&self.rest);
        if !payload.is_empty() {
            framed.extend_from_slice(format!("{:x}\r\n", payload.len()).as_bytes());
            framed.extend_from_slice(&payload);
            framed.extend_from_slice(b"\r\n");
        }
        if is_end {
            framed.extend_from_slice(END);
            self.is_over = true;
        }
        self.rest = framed.into();
        Ok(())
    }

    /// Says a last thing, and ends in good order.
    async fn part(&mut self, last: Option<Bytes>) -> io::Result<()> {
        if !self.is_over {
            self.frame(last.unwrap_or_default(), true)?;
        }
        self.stream.client.write_all(&self.rest).await?;
        self.stream.client.flush().await?;
        self.stream.client.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::header;
    use pingora_http::ResponseHeader;
    use tokio::{
        io::{AsyncReadExt, DuplexStream, duplex},
        task::JoinHandle,
    };

    /// The client's end, the service's, and what becomes of the stream.
    fn stream(is_chunked: bool, early: &'static [u8]) -> (DuplexStream, DuplexStream, JoinHandle<Why>) {
        let (client, near_client) = duplex(64);
        let (service, near_service) = duplex(64);
        let mut head = ResponseHeader::build(200, None).unwrap();
        head.insert_header(header::CONTENT_TYPE, "text/event-stream").unwrap();
        let stream = Stream {
            client: Box::new(near_client),
            service: End {
                stream: Box::new(near_service),
                early: Bytes::from_static(early),
            },
            is_chunked,
            silence: Some(Duration::from_secs(300)),
            events: Events::of(Some(&head)),
            encoder: None,
        };
        let task = tokio::spawn(async move { Carrier::new(stream).run().await });
        (client, service, task)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_said_is_framed_anew_to_its_end() {
        let early = b"9\r\ndata: a\n\n\r\n3;x=y\r\nda";
        let (mut client, mut service, task) = stream(true, early);
        service
            .write_all(b"t\r\n4\r\na: b\r\n2\r\n\n\n\r\n0\r\nx: y\r\n\r\n")
            .await
            .unwrap();
        let mut seen = String::new();
        client.read_to_string(&mut seen).await.unwrap();
        assert_eq!(task.await.unwrap(), Why::Closed);
        assert!(seen.ends_with("0\r\n\r\n") && !seen.contains("x: y"), "{seen:?}");
        let (mut chunks, mut body) = (Chunks::default(), Vec::new());
        chunks
            .take(seen.as_bytes(), |data| body.extend_from_slice(data))
            .unwrap();
        assert_eq!(body, b"data: a\n\ndata: b\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_s_end_is_the_stream_s_where_nothing_else_is() {
        let (mut client, mut service, task) = stream(false, b"data: a\n\n");
        service.write_all(b"data: b\n\n").await.unwrap();
        drop(service);
        let mut seen = String::new();
        client.read_to_string(&mut seen).await.unwrap();
        assert_eq!(seen, "9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n");
        assert_eq!(task.await.unwrap(), Why::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn what_breaks_off_has_no_end() {
        for said in [
            &b"9\r\ndata: a\n\n\r\n4\r\nda"[..],
            b"9\r\ndata: a\n\n\r\n",
            b"9\r\ndata: a\n\n\r\nx",
        ] {
            let (mut client, mut service, task) = stream(true, b"");
            service.write_all(said).await.unwrap();
            drop(service);
            let mut seen = String::new();
            client.read_to_string(&mut seen).await.unwrap();
            assert!(!seen.contains("0\r\n\r\n"), "{seen:?}");
            assert_eq!(task.await.unwrap(), Why::Broken);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_who_takes_nothing_and_who_says_nothing_ends_it() {
        let (client, _service, task) = stream(true, b"");
        drop(client);
        assert_eq!(task.await.unwrap(), Why::Left);

        let (_deaf, mut service, task) = stream(true, b"");
        let began = Instant::now();
        service
            .write_all(format!("64\r\n{}\r\n", "a".repeat(100)).as_bytes())
            .await
            .unwrap();
        assert_eq!(task.await.unwrap(), Why::Left);
        assert_eq!(began.elapsed().as_secs(), STALL.as_secs());

        let (_client, _service, task) = stream(true, b"");
        let began = Instant::now();
        assert_eq!(task.await.unwrap(), Why::Broken);
        assert_eq!(began.elapsed().as_secs(), 300);
    }
}
