//! Bodies of answers, sized and streamed, and cut where a fault says so.

use crate::hub::Heard;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

const PERIOD: usize = 251;
const BLOCK_LENGTH: usize = PERIOD * 256;
/// What `/bytes/{n}` repeats.
pub static BLOCK: [u8; BLOCK_LENGTH] = block();

const fn block() -> [u8; BLOCK_LENGTH] {
    let mut block = [0; BLOCK_LENGTH];
    let mut at = 0;
    while at < BLOCK_LENGTH {
        #[allow(clippy::cast_possible_truncation, reason = "below 251")]
        let byte = (at % PERIOD) as u8;
        block[at] = byte;
        at += 1;
    }
    block
}

/// The byte of `/bytes/{n}` at this position: a lost or doubled piece shows.
#[must_use]
pub fn byte_at(position: u64) -> u8 {
    BLOCK[usize::try_from(position % BLOCK_LENGTH as u64).unwrap_or(0)]
}

/// An answer's body.
pub(crate) struct Body {
    kind: Kind,
    /// Bytes until the connection is cut.
    cut_after: Option<u64>,
    /// Lets the bytes before a cut leave first.
    cutting: Option<Pin<Box<Sleep>>>,
}

enum Kind {
    Whole(Bytes),
    Repeated { left: u64 },
    Events(Box<Events>),
    Heard(Heard),
}

struct Events {
    sent: u64,
    /// 0: endless.
    count: u64,
    every: Duration,
    next: Pin<Box<Sleep>>,
}

impl Body {
    /// All of it at once.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::new(Kind::Whole(bytes.into()))
    }

    /// That many bytes of the pattern.
    pub(crate) fn repeated(length: u64) -> Self {
        Self::new(Kind::Repeated { left: length })
    }

    /// Server-sent events; the first at once.
    pub(crate) fn events(count: u64, every: Duration) -> Self {
        Self::new(Kind::Events(Box::new(Events {
            sent: 0,
            count,
            every,
            next: Box::pin(sleep(Duration::ZERO)),
        })))
    }

    /// Events as they are said.
    pub(crate) fn heard(heard: Heard) -> Self {
        Self::new(Kind::Heard(heard))
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            cut_after: None,
            cutting: None,
        }
    }

    /// Ends the connection after that many bytes.
    pub(crate) fn cut_after(mut self, bytes: Option<u64>) -> Self {
        self.cut_after = bytes;
        self
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(std::mem::take(bytes))),
            Kind::Repeated { left: 0 } => Poll::Ready(None),
            Kind::Repeated { left } => {
                let length = (*left).min(BLOCK_LENGTH as u64);
                *left -= length;
                let length = usize::try_from(length).unwrap_or(BLOCK_LENGTH);
                Poll::Ready(Some(Bytes::from_static(&BLOCK[..length])))
            }
            Kind::Events(events) => events.next(cx),
            Kind::Heard(heard) => heard.as_mut().poll_next(cx),
        }
    }

    fn cut(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let cutting = self
            .cutting
            .get_or_insert_with(|| Box::pin(sleep(Duration::from_millis(5))));
        std::task::ready!(cutting.as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::other("cut"))))
    }
}

impl Events {
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.count != 0 && self.sent == self.count {
            return Poll::Ready(None);
        }
        std::task::ready!(self.next.as_mut().poll(cx));
        self.sent += 1;
        let due = self.next.deadline() + self.every;
        // A stream that fell behind goes on from now instead of catching up in a burst.
        self.next = Box::pin(sleep_until(due.max(Instant::now())));
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_micros();
        let n = self.sent;
        Poll::Ready(Some(format!("id: {n}\ndata: {{\"n\":{n},\"at_us\":{at}}}\n\n").into()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.cut_after == Some(0) {
            return self.cut(cx);
        }
        let piece = std::task::ready!(self.next(cx));
        let Some(mut piece) = piece else {
            return Poll::Ready(None);
        };
        if let Some(left) = self.cut_after {
            let kept = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            piece.truncate(kept);
            self.cut_after = Some(left - kept as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty() && self.cut_after.is_none(),
            _ => false,
        }
    }

    /// A cut body promises its whole length.
    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Repeated { left } => SizeHint::with_exact(*left),
            Kind::Events(_) | Kind::Heard(_) => SizeHint::default(),
        }
    }
}
