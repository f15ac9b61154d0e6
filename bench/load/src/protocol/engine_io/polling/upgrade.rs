//! The way from polling to WebSocket: a WebSocket of the same session is opened beside the polls and probed; once the server
//! has answered the probe, polling pauses, and the client says that WebSocket is the one.

use crate::{
    Failure,
    protocol::{
        engine_io::{packet::Packet, request::Site, text},
        websocket::WebSocket,
    },
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

const PROBE: &str = "probe";

/// How far the upgrade is.
pub(super) enum Upgrade {
    /// Polling is all there will be.
    Never,
    /// The WebSocket is being opened.
    Opening(Pin<Box<dyn Future<Output = Result<WebSocket, Failure>>>>),
    /// The probe is out.
    Probing(WebSocket),
    /// The server has answered; polling pauses.
    Pausing(WebSocket),
}

impl Upgrade {
    /// Begins it.
    pub(super) fn begin(site: &Site) -> Self {
        let (connector, opening, timeout) = (site.connector.clone(), site.opening(), site.options.timeout);
        Self::Opening(Box::pin(
            async move { WebSocket::open(&connector, &opening, timeout).await },
        ))
    }

    /// Whether polls and posts are to begin no more.
    pub(super) fn is_pausing(&self) -> bool {
        matches!(self, Self::Pausing(_))
    }

    /// Goes on; ready with a WebSocket where it has taken over, and with `None` where something else happened. `paused`
    /// says that no poll and no post is under way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, paused: bool) -> Poll<Result<Option<WebSocket>, Failure>> {
        match std::mem::replace(self, Self::Never) {
            Self::Never => Poll::Pending,
            Self::Opening(mut opening) => match opening.as_mut().poll(cx) {
                Poll::Pending => self.stay(Self::Opening(opening)),
                Poll::Ready(socket) => {
                    let mut socket = socket.map_err(within)?;
                    socket.queue_text(Packet::Ping(PROBE.into()).encode()).map_err(within)?;
                    *self = Self::Probing(socket);
                    Poll::Ready(Ok(None))
                }
            },
            Self::Probing(mut socket) => match poll_answer(&mut socket, cx) {
                Poll::Pending => self.stay(Self::Probing(socket)),
                Poll::Ready(answered) => {
                    answered.map_err(within)?;
                    *self = Self::Pausing(socket);
                    Poll::Ready(Ok(None))
                }
            },
            Self::Pausing(mut socket) if paused => {
                socket.queue_text(Packet::Upgrade.encode()).map_err(within)?;
                Poll::Ready(Ok(Some(socket)))
            }
            pausing @ Self::Pausing(_) => self.stay(pausing),
        }
    }

    fn stay<T>(&mut self, same: Self) -> Poll<T> {
        *self = same;
        Poll::Pending
    }
}

fn poll_answer(socket: &mut WebSocket, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
    if let Poll::Ready(flushed) = socket.poll_flush(cx) {
        flushed?;
    }
    let answer = text(ready!(socket.poll_next(cx))?.data)?;
    let right = matches!(Packet::decode(&answer), Ok(Packet::Pong(data)) if data == PROBE);
    Poll::Ready(match right {
        true => Ok(()),
        false => Err(Failure::new(
            "protocol",
            format!("the probe was answered with {answer:?}"),
        )),
    })
}

/// Failures of the upgrade say so. (The official client goes on polling, silently; a load test wants to know.)
#[allow(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn within(failure: Failure) -> Failure {
    Failure::new(failure.kind, format!("upgrade to websocket: {}", failure.detail))
}
