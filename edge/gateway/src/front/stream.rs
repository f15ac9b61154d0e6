//! The client's connection as Pingora sees it: every byte passes here first. Heads and the framing of chunked bodies are
//! looked at before a library repairs them, and a client that is waited for is waited for with a bound.

use super::{
    opened::Opened,
    opening, refusal,
    wait::Wait,
    wire::{At, Wire},
};
use edge_policy::{
    head::HeadLimits,
    wire::{
        Fault,
        chunks::Chunks,
        frames::Frames,
        lines::Lines,
        pace::{Floor, Pace},
    },
};
use pingora_core::{
    protocols::{GetSocketDigest, SocketDigest, Stream},
    server::ShutdownWatch,
};
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long, and for how many bytes, a refused client is listened to, so that it gets to read why.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 16 << 20);
/// What is more in a head than names, values and the target.
const HEAD_SLACK: usize = 1024;
/// Breaks every HTTP/1 parser.
const RUBBISH: u8 = 0;

/// Bounds of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Time for a whole head, from its first byte.
    pub(super) header_timeout: Duration,
    /// Most bytes and fields of a head.
    pub(super) head: HeadLimits,
    /// Least rate of bodies and answers.
    pub(super) floor: Floor,
    /// How long a connection may wait for its next request.
    pub(super) keep_alive: Duration,
}

/// What is expected of the client's bytes.
enum Protocol {
    /// The lines of a head; the head began then.
    Head(Lines, Option<Instant>),
    /// A body, with chunks to look at, or nothing.
    Behind(Option<Chunks>),
    /// HTTP/2; a frame is owed since then.
    Frames(Box<Frames>, Option<Instant>),
    /// Nothing any more: it was broken off.
    Over,
    /// The same with HTTP/2, which has a last word to say: see [`super::h2`].
    Closing,
}

/// See the module.
pub(crate) struct ClientStream {
    pub(super) inner: Stream,
    wire: Arc<Wire>,
    /// Who it is, where a proxy said so.
    pub(super) socket: Option<Arc<SocketDigest>>,
    bounds: Bounds,
    /// What was read before there was a session.
    opened: Opened,
    protocol: Protocol,
    reading: (Pace, Wait),
    writing: (Pace, Wait),
    /// An answer that goes out in place of Pingora's, and how much of it has.
    refusal: Option<(Vec<u8>, usize)>,
    lingered: usize,
}

impl ClientStream {
    /// A connection of which `opened` was read already, and looked at by `lines`. `began` is when its first head did.
    pub(super) fn new(
        inner: Stream,
        wire: Arc<Wire>,
        proxied: Option<SocketAddr>,
        bounds: Bounds,
        opened: Opened,
        (lines, began): (Lines, Instant),
    ) -> Self {
        let socket = proxied.map(|client| named(&inner, client));
        Self {
            inner,
            wire,
            socket,
            bounds,
            opened,
            protocol: Protocol::Head(lines, Some(began)),
            reading: (Pace::new(bounds.floor), Wait::default()),
            writing: (Pace::new(bounds.floor), Wait::default()),
            refusal: None,
            lingered: 0,
        }
    }

    /// From here on it speaks HTTP/2; the preface is part of the opening.
    pub(super) fn speaks_h2(&mut self) {
        self.protocol = Protocol::Frames(Box::new(Frames::new(Instant::now())), None);
        self.wire.is_at(At::Answer);
    }

    /// Waits for the next request; `false`: there is none.
    pub(super) async fn next(&mut self, bounds: Bounds, stops: &mut ShutdownWatch) -> bool {
        self.bounds = bounds;
        self.reading.1.end();
        self.wire.is_at(At::Head);
        let before = std::mem::replace(&mut self.opened, Opened::without_head(Vec::new()));
        // What came too early is there.
        let mut bytes = before.into_rest();
        if bytes.is_empty() && !opening::next(&mut self.inner, &mut bytes, bounds.keep_alive, stops).await {
            return false;
        }
        let (mut lines, began) = (lines(&bounds), Instant::now());
        self.opened = Opened::head(&mut self.inner, bytes, &mut lines, bounds.header_timeout).await;
        self.protocol = Protocol::Head(lines, Some(began));
        true
    }

    /// The connection itself, for whoever looks after it from now on.
    pub(crate) fn unwrap(stream: Stream) -> Stream {
        if !stream.as_any().is::<Self>() {
            return stream;
        }
        match stream.into_any().downcast::<Self>() {
            Ok(client) => client.inner,
            Err(_) => Box::new(io::Cursor::new(Vec::new())),
        }
    }
}

/// Reading.
impl ClientStream {
    pub(super) fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match self.protocol {
            Protocol::Over => return Poll::Ready(Err(self.broken())),
            Protocol::Closing => return Poll::Pending,
            _ => {}
        }
        if !self.opened.is_empty() {
            let head = self.opened.give(buf);
            return match self.protocol {
                Protocol::Head(..) => self.head(buf, before, head),
                _ => self.came(buf, before, None),
            };
        }
        self.opened.shrink();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => return self.await_bytes(cx, buf),
            Poll::Ready(result) => result?,
        }
        let waited = self.reading.1.end();
        if buf.filled().len() > before {
            self.came(buf, before, waited)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// Bytes came.
    fn came(&mut self, buf: &mut ReadBuf<'_>, before: usize, waited: Option<Duration>) -> Poll<io::Result<()>> {
        let piece = &buf.filled()[before..];
        match &mut self.protocol {
            Protocol::Head(lines, _) => {
                let head = lines.feed(piece);
                return self.head(buf, before, head);
            }
            Protocol::Behind(_) => {
                if let (Some(waited), At::Body) = (waited, self.wire.at()) {
                    self.reading.0.waited(waited);
                }
                self.reading.0.moved(piece.len(), self.bounds.floor);
                return Poll::Ready(self.body(buf, before));
            }
            Protocol::Frames(frames, owed) => {
                if let Err(fault) = frames.feed(piece, Instant::now) {
                    self.wire.set_fault(fault);
                    self.protocol = Protocol::Closing;
                    return Poll::Pending;
                }
                if !frames.is_owed() {
                    *owed = None;
                } else if owed.is_none() {
                    *owed = Some(Instant::now());
                }
            }
            Protocol::Over | Protocol::Closing => {}
        }
        Poll::Ready(Ok(()))
    }

    /// Bytes of a head came, of which [`Lines::feed`] says this.
    fn head(
        &mut self,
        buf: &mut ReadBuf<'_>,
        before: usize,
        head: Result<Option<usize>, Fault>,
    ) -> Poll<io::Result<()>> {
        let Protocol::Head(lines, began) = &mut self.protocol else {
            return Poll::Ready(Ok(()));
        };
        match head {
            Ok(None) => {
                began.get_or_insert_with(Instant::now);
            }
            Ok(Some(end)) => {
                self.wire.set_first_line(lines.first_line());
                self.reading.0 = Pace::new(self.bounds.floor);
                let chunks = lines.has_coding().then(Chunks::default);
                self.protocol = Protocol::Behind(chunks);
                return Poll::Ready(self.body(buf, before + end));
            }
            Err(fault) => {
                // Pingora finds it unreadable, and its answer is replaced by ours.
                self.wire.set_fault(fault);
                buf.filled_mut()[before..].fill(RUBBISH);
                self.protocol = Protocol::Over;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What came from `from` on is a body's. Behind a fault nothing is given on.
    fn body(&mut self, buf: &mut ReadBuf<'_>, from: usize) -> io::Result<()> {
        let Protocol::Behind(Some(chunks)) = &mut self.protocol else {
            return Ok(());
        };
        let Err(good) = chunks.feed(&buf.filled()[from..]) else {
            return Ok(());
        };
        self.wire.set_fault(Fault::Ambiguous);
        self.protocol = Protocol::Over;
        buf.set_filled(from + good);
        if from + good == 0 { Err(self.broken()) } else { Ok(()) }
    }

    /// Nothing is there. Whoever owes something is waited for with a bound.
    fn await_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (pace, wait) = &mut self.reading;
        let timeout = self.bounds.header_timeout;
        let rest = |since: &Option<Instant>| since.map(|since| timeout.saturating_sub(since.elapsed()));
        let is_over = match &self.protocol {
            Protocol::Head(_, began) => wait.is_over(cx, || rest(began)),
            Protocol::Behind(_) if self.wire.at() == At::Body => wait.is_over(cx, || Some(pace.left())),
            Protocol::Frames(_, owed) => wait.is_over(cx, || rest(owed)),
            Protocol::Behind(_) | Protocol::Over | Protocol::Closing => false,
        };
        if !is_over {
            return Poll::Pending;
        }
        let protocol = std::mem::replace(&mut self.protocol, Protocol::Over);
        self.wire.set_fault(Fault::TooSlow);
        match protocol {
            // Who sent nothing is told nothing.
            Protocol::Head(lines, _) if !lines.has_begun() => Poll::Ready(Ok(())),
            Protocol::Head(..) => {
                buf.put_slice(&[RUBBISH]);
                Poll::Ready(Ok(()))
            }
            Protocol::Frames(..) => {
                self.protocol = Protocol::Closing;
                Poll::Pending
            }
            _ => Poll::Ready(Err(self.broken())),
        }
    }

    fn broken(&self) -> io::Error {
        match self.wire.fault() {
            Some(Fault::TooSlow) => io::ErrorKind::TimedOut.into(),
            _ => io::ErrorKind::InvalidData.into(),
        }
    }
}

/// Writing.
impl ClientStream {
    pub(super) fn write(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.wire.at() == At::Head {
            return self.refuse(cx, pieces);
        }
        let inner = Pin::new(&mut self.inner);
        let written = match pieces {
            [piece] => inner.poll_write(cx, piece),
            pieces => inner.poll_write_vectored(cx, pieces),
        };
        self.await_room(cx, written, |written| *written)
    }

    pub(super) fn flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.await_room(cx, flushed, |()| 0)
    }

    /// A client that does not read is waited for with a bound.
    fn await_room<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        let (pace, wait) = &mut self.writing;
        let Poll::Ready(result) = done else {
            if !wait.is_over(cx, || Some(pace.left())) {
                return Poll::Pending;
            }
            self.wire.set_fault(Fault::TooSlow);
            self.protocol = Protocol::Over;
            return Poll::Ready(Err(self.broken()));
        };
        if let Some(waited) = wait.end() {
            pace.waited(waited);
        }
        if let Ok(done) = &result {
            let bytes = bytes(done);
            pace.moved(bytes, self.bounds.floor);
            if let Protocol::Frames(frames, _) = &mut self.protocol {
                frames.wrote(bytes);
            }
        }
        Poll::Ready(result)
    }

    /// Whatever Pingora writes before a request has arrived is a bare refusal: ours goes out for it.
    fn refuse(&mut self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let first = pieces.first().map_or(&[][..], |piece| piece);
        let client = || Some(self.get_socket_digest()?.peer_addr()?.as_inet()?.ip());
        let client = if self.refusal.is_none() { client() } else { None };
        let refusal = self
            .refusal
            .get_or_insert_with(|| (refusal::answer(&self.wire, client, first), 0));
        while refusal.1 < refusal.0.len() {
            let written = Pin::new(&mut self.inner).poll_write(cx, &refusal.0[refusal.1..]);
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => refusal.1 += written,
            }
        }
        Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()))
    }

    /// Closing on a client that still sends would reset the connection, the refusal included. So it is heard out for a little.
    pub(super) fn close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refusal.is_none() {
            return Pin::new(&mut self.inner).poll_shutdown(cx);
        }
        if self.lingered == 0 {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            self.reading.1.end();
            self.lingered = 1;
        }
        let mut scratch = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && self.lingered < LINGER.1 => {
                    self.lingered += buf.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending if self.reading.1.is_over(cx, || Some(LINGER.0)) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// The socket under the name that a balancer gives it.
fn named(inner: &Stream, client: SocketAddr) -> Arc<SocketDigest> {
    // Whatever else is asked of it has been asked of the real one by now.
    let digest = SocketDigest::from_raw_fd(-1);
    let local = inner.get_socket_digest().and_then(|real| real.local_addr().cloned());
    let _ = digest.peer_addr.set(Some(client.into()));
    let _ = digest.local_addr.set(local);
    Arc::new(digest)
}

/// What looks at the lines of a client's head.
pub(super) fn lines(bounds: &Bounds) -> Lines {
    lines_within(bounds.head)
}

/// What looks at the lines of a head.
pub(crate) fn lines_within(limits: HeadLimits) -> Lines {
    Lines::new(limits.max_bytes.saturating_add(HEAD_SLACK), limits.max_fields)
}
