//! A try at a target: counted among those under way for as long as it lasts, and its end noted wherever it matters.

use super::{Pool, Target, clock};
use edge_policy::breaker::{Outcome, Permit, State};
use std::{sync::Arc, time::Duration};

/// Answers to uploads of more than this are no measure of the target: the client's line is.
const MOST_TIMED_BODY: u64 = 64 * 1024;
/// 429: the upstream has more to do than it can (RFC 6585).
const TOO_MANY: u16 = 429;

/// One try. Dropped, it is over, and if nobody noted how it went, nobody waited for that.
pub(crate) struct Attempt {
    pool: Arc<Pool>,
    target: Arc<Target>,
    began: Duration,
    /// Leave by the breaker, until its outcome is told there.
    permit: Option<Permit>,
    /// A good head came; whether the whole answer does is known at the end.
    is_well: bool,
}

impl Attempt {
    /// It begins.
    pub(crate) fn begin(pool: &Arc<Pool>, target: &Arc<Target>, permit: Option<Permit>) -> Self {
        pool.state.load.enter();
        target.load.enter();
        Self {
            pool: Arc::clone(pool),
            target: Arc::clone(target),
            began: clock::now(),
            permit,
            is_well: false,
        }
    }

    /// The answer's head is there, after this time. `body` is how much was sent; a route that is not `timed` may hold its answers back.
    pub(crate) fn answered(&mut self, status: u16, body: u64, timed: bool) -> Duration {
        let now = clock::now();
        let took = now.saturating_sub(self.began);
        self.pool.cells.latency.observe(took);
        let is_timed = timed && body <= MOST_TIMED_BODY;
        let failed = self.pool.settings.failures.has(status);
        if failed {
            self.target.load.failed(took, now);
        } else if is_timed {
            self.target.load.answered(took, now);
            if let Some(room) = &self.pool.settings.room {
                self.pool.state.room.limiter.answered(took, room.bounds, now);
            }
        }
        self.is_well = !failed;
        if failed {
            self.judge(true, now);
        }
        let outcome = match status {
            TOO_MANY | 500.. => Outcome::Failed,
            _ => Outcome::Answered(if is_timed { took } else { Duration::ZERO }),
        };
        self.settle(outcome, now);
        took
    }

    /// No connection could be made.
    pub(crate) fn unreachable(mut self) {
        let now = clock::now();
        self.pool.cells.connect_failures.add();
        self.target.load.failed(now.saturating_sub(self.began), now);
        self.pool.unreachable(&self.target, now);
        self.settle(Outcome::Failed, now);
    }

    /// Nothing came in the time that there was; `body` and `timed` as in [`Attempt::answered`]. It is a latency too: a service that stands still
    /// answers nothing else.
    pub(crate) fn timed_out(self, body: u64, timed: bool) {
        if timed
            && body <= MOST_TIMED_BODY
            && !self.is_well
            && let Some(room) = &self.pool.settings.room
        {
            let now = clock::now();
            let took = now.saturating_sub(self.began);
            self.pool.state.room.limiter.timed_out(took, room.bounds, now);
        }
        self.failed();
    }

    /// The exchange broke off, or took too long.
    pub(crate) fn failed(mut self) {
        let now = clock::now();
        self.is_well = false;
        self.pool.cells.failures.add();
        self.target.load.failed(now.saturating_sub(self.began), now);
        self.judge(true, now);
        self.settle(Outcome::Failed, now);
    }

    /// Nobody waits for it any more, as another target's answer is there. It is no failure, but the target is at least as slow as that.
    pub(crate) fn overtaken(mut self) {
        let now = clock::now();
        let took = now.saturating_sub(self.began);
        self.target.load.overtaken(took, now);
        self.pool.state.hedges.waited(took, now);
        let slow = self.pool.settings.breaker.as_ref().and_then(|terms| terms.slow);
        if slow.is_some_and(|(slow, _)| took > slow) {
            self.settle(Outcome::Answered(took), now);
        }
    }

    fn judge(&self, failed: bool, now: Duration) {
        if let Some(outlier) = &self.pool.settings.outlier
            && let Some(why) = self.target.outlier.observe(failed, &outlier.terms, now)
        {
            self.pool.eject(&self.target, why, outlier, now);
        }
    }

    fn settle(&mut self, outcome: Outcome, now: Duration) {
        let Some((permit, terms)) = self.permit.take().zip(self.pool.settings.breaker.as_ref()) else {
            return;
        };
        let upstream = &*self.pool.name;
        match self.pool.state.circuit.done(permit, outcome, terms, now) {
            Some(State::Open) => {
                self.pool.cells.breaker_opened.add();
                tracing::warn!(upstream, "circuit breaker opened: too many requests fail or are slow");
            }
            Some(state) => tracing::info!(upstream, ?state, "circuit breaker: requests pass again"),
            None => {}
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.target.load.leave();
        self.pool.state.load.leave();
        if self.is_well {
            self.judge(false, clock::now());
        }
        if self.permit.is_some() {
            self.settle(Outcome::Unknown, clock::now());
        }
    }
}
