//! Carries bytes both ways. While nothing moves it holds no buffer: what one side has to say is read into a buffer
//! that all tunnels of a thread share, and only what the other side does not take at once is kept.

use super::{
    BUFFER, End, STALL, TURN, Terms, Why,
    frames::{self, Frames},
};
use crate::metrics::{Carried, TunnelCells};
use bytes::Bytes;
use pingora_core::protocols::Stream;
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// After the client has closed, the service may finish for this long.
const SERVICE_LINGERS: Duration = Duration::from_secs(30);
/// After the service has closed, the client may read the rest for this long. It is the service that closes first
/// (RFC 6455, section 7.1.1): a tunnel without one is of no more use.
const CLIENT_LINGERS: Duration = Duration::from_secs(3);

/// Bytes carried so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) from_client: u64,
    pub(super) from_service: u64,
}

/// Both directions between two streams.
pub(super) struct Pump {
    client: Stream,
    service: Stream,
    up: Direction,
    down: Direction,
    /// Until when the second side may close, once the first has.
    lingers_until: Option<Instant>,
    silence: Duration,
    cells: Arc<TunnelCells>,
}

impl Pump {
    /// Nothing is carried yet.
    pub(super) fn new(client: End, service: End, terms: &Terms) -> Self {
        Self {
            up: Direction::new(client.early),
            down: Direction::new(service.early),
            silence: terms.silence,
            cells: Arc::clone(&terms.cells),
            client: client.stream,
            service: service.stream,
            lingers_until: None,
        }
    }

    /// Carries until it ends.
    pub(super) async fn run(&mut self) -> Why {
        let mut alarm = pin!(sleep_until(self.patience()));
        poll_fn(|cx| self.poll(cx, alarm.as_mut())).await
    }

    /// What was carried.
    pub(super) fn moved(&self) -> Moved {
        Moved {
            from_client: self.up.bytes,
            from_service: self.down.bytes,
        }
    }

    /// What ends the client's side in good order: the rest of a frame that has begun, and a close frame. Nothing where that rest
    /// is not here, or the service has closed already.
    pub(super) fn farewell(&self, status: u16, reason: &str) -> Vec<u8> {
        let mut frames = self.down.frames;
        let mut length = 0_usize;
        while frames.missing() > 0 && !frames.is_closed() {
            let missing = usize::try_from(frames.missing()).unwrap_or(usize::MAX);
            let Some(piece) = self.down.rest.get(length..length.saturating_add(missing)) else {
                return Vec::new();
            };
            frames.pass(piece);
            length += missing;
        }
        let mut farewell = self.down.rest[..length].to_vec();
        if !frames.is_closed() {
            farewell.extend(frames::close(status, reason));
        }
        farewell
    }

    /// The client's stream and the service's.
    pub(super) fn into_streams(self) -> (Stream, Stream) {
        (self.client, self.service)
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut alarm: Pin<&mut Sleep>) -> Poll<Why> {
        let (up, down) = BUFFER.with_borrow_mut(|buffer| {
            let (client, service) = (&mut self.client, &mut self.service);
            let up = self.up.poll(cx, client, service, &self.cells.received, buffer);
            (up, self.down.poll(cx, service, client, &self.cells.sent, buffer))
        });
        match (up, down) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => return Poll::Ready(Why::Broken),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(Why::Closed),
            (Poll::Ready(Ok(())), Poll::Pending) => self.linger(SERVICE_LINGERS),
            (Poll::Pending, Poll::Ready(Ok(()))) => self.linger(CLIENT_LINGERS),
            (Poll::Pending, Poll::Pending) => {}
        }
        // The alarm moves back only when it rings: most of the time it is not touched.
        let patience = self.patience();
        if patience < alarm.deadline() {
            alarm.as_mut().reset(patience);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if patience <= Instant::now() {
                return Poll::Ready(Why::TimedOut);
            }
            alarm.as_mut().reset(patience);
        }
        Poll::Pending
    }

    fn linger(&mut self, time: Duration) {
        self.lingers_until.get_or_insert_with(|| Instant::now() + time);
    }

    /// When to give up, unless something moves before.
    fn patience(&self) -> Instant {
        let silence = self.up.moved.max(self.down.moved) + self.silence;
        let stalls = [&self.up, &self.down]
            .into_iter()
            .filter(|way| !way.rest.is_empty() || way.unflushed);
        let limits = stalls.map(|way| way.moved + STALL);
        limits.chain(self.lingers_until).fold(silence, Instant::min)
    }
}

/// One direction.
struct Direction {
    /// Read and not yet written.
    rest: Bytes,
    /// Written and perhaps not yet flushed.
    unflushed: bool,
    /// Where the frames that were written end.
    frames: Frames,
    state: State,
    bytes: u64,
    /// When something was read or written last.
    moved: Instant,
}

#[derive(Clone, Copy)]
enum State {
    Open,
    /// The sender has closed; the receiver is not told yet.
    Closing,
    Closed,
}

impl Direction {
    fn new(early: Bytes) -> Self {
        Self {
            rest: early,
            unflushed: false,
            frames: Frames::default(),
            state: State::Open,
            bytes: 0,
            moved: Instant::now(),
        }
    }

    /// Carries until nothing moves any more, or its turn is over. Ready when the end was told to the receiver.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        carried: &Carried,
        buffer: &mut [u8],
    ) -> Poll<io::Result<()>> {
        for _ in 0..TURN {
            while !self.rest.is_empty() {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.rest))?;
                let written = self.rest.split_to(written);
                self.wrote(&written, carried)?;
            }
            match self.state {
                State::Open => match self.poll_read(cx, from, to, carried, buffer)? {
                    Poll::Ready(()) => {}
                    Poll::Pending => {
                        if self.unflushed {
                            ready!(Pin::new(&mut *to).poll_flush(cx))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                },
                State::Closing => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.unflushed = false;
                    self.state = State::Closed;
                }
                State::Closed => return Poll::Ready(Ok(())),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, and writes as much of it as is taken at once.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Stream,
        to: &mut Stream,
        carried: &Carried,
        buffer: &mut [u8],
    ) -> Poll<io::Result<()>> {
        let mut read = ReadBuf::new(buffer);
        ready!(Pin::new(from).poll_read(cx, &mut read))?;
        let read = read.filled();
        if read.is_empty() {
            self.state = State::Closing;
            return Poll::Ready(Ok(()));
        }
        self.moved = Instant::now();
        let written = match Pin::new(to).poll_write(cx, read)? {
            Poll::Ready(written) => {
                self.wrote(&read[..written], carried)?;
                written
            }
            Poll::Pending => 0,
        };
        self.rest = Bytes::copy_from_slice(&read[written..]);
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, written: &[u8], carried: &Carried) -> io::Result<()> {
        if written.is_empty() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        match self.frames.pass(written) {
            0 => {}
            messages => carried.messages.add_many(messages),
        }
        self.bytes += written.len() as u64;
        carried.bytes.add_many(written.len() as u64);
        self.unflushed = true;
        self.moved = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        task::JoinHandle,
        time::{advance, sleep},
    };

    const SILENCE: Duration = Duration::from_secs(600);

    fn terms() -> Terms {
        Terms {
            silence: SILENCE,
            cells: Arc::default(),
        }
    }

    /// A tunnel with both of its far ends.
    fn tunnel(early: &'static [u8]) -> (DuplexStream, DuplexStream, JoinHandle<(Why, Moved)>) {
        let (client, near_client) = duplex(64);
        let (service, near_service) = duplex(64);
        let end = |stream, early: &'static [u8]| End {
            stream: Box::new(stream) as Stream,
            early: Bytes::from_static(early),
        };
        let mut pump = Pump::new(end(near_client, early), end(near_service, b""), &terms());
        let task = tokio::spawn(async move { (pump.run().await, pump.moved()) });
        (client, service, task)
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_keep_their_order_and_each_side_closes_by_itself() {
        let (client, service, task) = tunnel(b"early ");
        let (mut client_in, mut client_out) = tokio::io::split(client);
        let (mut service_in, mut service_out) = tokio::io::split(service);
        let long: Vec<u8> = (0..100_000).map(|n| n as u8).collect();
        let send = async {
            client_out.write_all(&long).await.unwrap();
            client_out.shutdown().await.unwrap();
        };
        let mut seen = Vec::new();
        let receive = async { service_in.read_to_end(&mut seen).await.unwrap() };
        tokio::join!(send, receive);
        assert!(seen[..6] == *b"early " && seen[6..] == long);
        // The client has closed, and still hears.
        service_out.write_all(b"late").await.unwrap();
        service_out.shutdown().await.unwrap();
        let mut heard = String::new();
        client_in.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "late");
        let moved = Moved {
            from_client: 100_006,
            from_service: 4,
        };
        assert_eq!(task.await.unwrap(), (Why::Closed, moved));
    }

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_lives_as_long_as_something_moves() {
        let (mut client, mut service, task) = tunnel(b"");
        for _ in 0..5 {
            sleep(SILENCE - Duration::from_secs(1)).await;
            service.write_all(b"beat").await.unwrap();
            client.read_exact(&mut [0; 4]).await.unwrap();
        }
        let quiet = Instant::now();
        assert_eq!(task.await.unwrap().0, Why::TimedOut);
        assert_eq!(quiet.elapsed().as_secs(), SILENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_nothing_or_never_closes_is_given_up() {
        let (_deaf, mut service, task) = tunnel(b"");
        sleep(Duration::from_secs(300)).await;
        let began = Instant::now();
        service.write_all(&[0; 100]).await.unwrap();
        assert_eq!(task.await.unwrap().0, Why::TimedOut);
        assert_eq!(began.elapsed().as_secs(), STALL.as_secs());

        for (client_leaves, time) in [(true, SERVICE_LINGERS), (false, CLIENT_LINGERS)] {
            let (client, service, task) = tunnel(b"");
            let began = Instant::now();
            let (leaves, _stays) = if client_leaves {
                (client, service)
            } else {
                (service, client)
            };
            drop(leaves);
            assert_eq!(task.await.unwrap().0, Why::TimedOut);
            assert_eq!(began.elapsed().as_secs(), time.as_secs());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_break_ends_both() {
        let (client, mut service, task) = tunnel(b"");
        drop(client);
        service.write_all(b"to nobody").await.unwrap();
        assert_eq!(task.await.unwrap().0, Why::Broken);
        advance(Duration::ZERO).await;
        let mut rest = Vec::new();
        service.read_to_end(&mut rest).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_last_frame_follows_whole_ones_alone() {
        let half_text = [0x81, 4, b'h', b'a'];
        let whole_text = [0x81, 2, b'h', b'i'];
        for (said, room, ends) in [
            (&whole_text[..], 64, Some(&b""[..])),
            // What the client has not taken yet is here: the frame is finished first.
            (&whole_text[..], 3, Some(&b"i"[..])),
            (&half_text[..], 64, None),
        ] {
            let (client, near_client) = duplex(room);
            let (mut service, near_service) = duplex(64);
            let end = |stream| End {
                stream: Box::new(stream) as Stream,
                early: Bytes::new(),
            };
            let mut pump = Pump::new(end(near_client), end(near_service), &terms());
            service.write_all(said).await.unwrap();
            assert!(tokio::time::timeout(Duration::from_secs(1), pump.run()).await.is_err());
            let expected = ends.map_or(Vec::new(), |rest| [rest, &frames::close(1008, "OVER")].concat());
            assert_eq!(pump.farewell(1008, "OVER"), expected, "{said:?} {room}");
            drop(client);
        }
    }
}
