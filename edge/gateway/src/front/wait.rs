//! Waiting for a client, until a time. Nothing is asked of the clock or the timer while nobody waits.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::time::{Sleep, sleep_until};

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Wait {
    /// Since when the client is waited for.
    since: Option<Instant>,
    until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Wait {
    /// Waits on, for `left` from the begin of this wait; none: without end. `true`: the time is over.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>, left: impl FnOnce() -> Option<Duration>) -> bool {
        if self.since.is_none() {
            let now = Instant::now();
            self.since = Some(now);
            self.until = left().map(|left| now + left);
        }
        let Some(until) = self.until else { return false };
        let until = until.into();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx) == Poll::Ready(())
    }

    /// The wait is over; tells how long it took. One that took longer than it could have was not one for the client:
    /// Pingora had turned away, from a body that the service does not take, say.
    pub(super) fn end(&mut self) -> Option<Duration> {
        let since = self.since.take()?;
        let now = Instant::now();
        self.until.is_some_and(|until| now <= until).then(|| now - since)
    }
}
