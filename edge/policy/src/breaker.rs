//! A circuit breaker: an upstream that fails is left alone, then asked again by a few requests, then by more and more.

use crate::window::Window;
use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

/// When it opens, and how it closes again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Over this time requests are counted.
    pub window: Duration,
    /// Below so many in it nothing is judged.
    pub min_requests: u32,
    /// Share of failures that opens it.
    pub error_ratio: f32,
    /// An answer that takes longer is slow; and the share of slow ones that opens it.
    pub slow: Option<(Duration, f32)>,
    /// How long it stays open.
    pub open_for: Duration,
    /// Successes in a row that show that it is over, as many at a time at most.
    pub half_open_requests: u32,
    /// In this time the share of requests that pass then grows to all.
    pub recovery: Duration,
    /// Most requests under way at a time.
    pub max_requests: Option<u32>,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer, whatever it says; 4xx too.
    Answered(Duration),
    /// No answer, 5xx, or 429.
    Failed,
    /// Nobody waited for the end.
    Unknown,
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All pass.
    Closed,
    /// None passes.
    Open,
    /// A few pass to find out.
    HalfOpen,
    /// A growing share passes.
    Recovering,
}

/// Leave for one request. Give it back with [`Breaker::done`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Permit {
    /// The state's number, for one that finds out.
    probe: Option<u64>,
}

/// A request may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is open, or finds out: come again after this time.
    Open(Duration),
    /// As many requests as may be are under way.
    Full,
}

/// The breaker of one upstream. All of it is atomics.
#[derive(Debug, Default)]
pub struct Breaker {
    /// From the top: milliseconds (44 bits), number (16), state (4). With `Open` the time is its end, else its begin.
    state: AtomicU64,
    probing: AtomicU32,
    well: AtomicU32,
    counts: Window<3>,
}

const REQUESTS: usize = 0;
const FAILURES: usize = 1;
const SLOW: usize = 2;

/// A probe that was refused is worth another try after this time.
const SOON: Duration = Duration::from_secs(1);

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
/// The same; afterwards it closes at once, because probes have shown already that it is well.
const REVIVED: u64 = 3;
const RECOVERING: u64 = 4;

fn kind(packed: u64) -> u64 {
    packed & 0xf
}

fn number(packed: u64) -> u64 {
    packed >> 4 & 0xffff
}

fn time(packed: u64) -> Duration {
    Duration::from_millis(packed >> 20)
}

fn next(packed: u64, kind: u64, time: Duration) -> u64 {
    (time.as_millis() as u64) << 20 | ((number(packed) + 1) & 0xffff) << 4 | kind
}

impl Breaker {
    /// Whether a request may pass. `random` gives a number from 0 to 1, `in_flight` is the number of requests under way.
    ///
    /// # Errors
    /// It may not.
    pub fn admit(
        &self,
        terms: &Terms,
        in_flight: u32,
        random: impl FnOnce() -> f32,
        now: Duration,
    ) -> Result<Permit, Refusal> {
        if terms.max_requests.is_some_and(|most| in_flight >= most) {
            return Err(Refusal::Full);
        }
        let state = self.state.load(Acquire);
        match kind(state) {
            CLOSED => Ok(Permit { probe: None }),
            OPEN => match time(state).saturating_sub(now) {
                Duration::ZERO => self.probe(terms, self.half_open(state, HALF_OPEN, now)),
                left => Err(Refusal::Open(left)),
            },
            RECOVERING => {
                let part = now.saturating_sub(time(state)).as_secs_f32() / terms.recovery.as_secs_f32();
                if part >= 1.0 {
                    self.turn(state, CLOSED, now);
                }
                // Somebody has to pass at the very beginning too.
                let passes = part.max(0.1) > random();
                passes.then_some(Permit { probe: None }).ok_or(Refusal::Open(SOON))
            }
            _ => self.probe(terms, state),
        }
    }

    /// Whether [`Breaker::admit`] would let a request pass. Nothing changes.
    ///
    /// # Errors
    /// It would not.
    pub fn peek(&self, terms: &Terms, in_flight: u32, now: Duration) -> Result<(), Refusal> {
        let state = self.state.load(Acquire);
        match kind(state) {
            _ if terms.max_requests.is_some_and(|most| in_flight >= most) => Err(Refusal::Full),
            OPEN if now < time(state) => Err(Refusal::Open(time(state) - now)),
            HALF_OPEN | REVIVED if self.probing.load(Relaxed) >= terms.half_open_requests => Err(Refusal::Open(SOON)),
            _ => Ok(()),
        }
    }

    /// What it does now.
    pub fn state(&self, now: Duration) -> State {
        let state = self.state.load(Acquire);
        match kind(state) {
            CLOSED => State::Closed,
            OPEN if now < time(state) => State::Open,
            RECOVERING => State::Recovering,
            _ => State::HalfOpen,
        }
    }

    fn half_open(&self, state: u64, kind: u64, now: Duration) -> u64 {
        if self.turn(state, kind, now) {
            self.probing.store(0, Relaxed);
            self.well.store(0, Relaxed);
        }
        self.state.load(Acquire)
    }

    fn turn(&self, state: u64, kind: u64, time: Duration) -> bool {
        let next = next(state, kind, time);
        self.state.compare_exchange(state, next, AcqRel, Acquire).is_ok()
    }

    fn probe(&self, terms: &Terms, state: u64) -> Result<Permit, Refusal> {
        if !matches!(kind(state), HALF_OPEN | REVIVED) {
            // Another thread was faster, and it has turned again already.
            return Err(Refusal::Open(SOON));
        }
        let room = |probing: u32| (probing < terms.half_open_requests).then_some(probing + 1);
        let entered = self.probing.fetch_update(AcqRel, Acquire, room);
        entered.map_err(|_| Refusal::Open(SOON))?;
        Ok(Permit {
            probe: Some(number(state)),
        })
    }

    /// A request that was let pass is over. Tells the new state if that changed it.
    pub fn done(&self, permit: Permit, outcome: Outcome, terms: &Terms, now: Duration) -> Option<State> {
        let state = self.state.load(Acquire);
        if let Some(of) = permit.probe {
            return if of == number(state) && matches!(kind(state), HALF_OPEN | REVIVED) {
                self.probed(state, outcome, terms, now)
            } else {
                None
            };
        }
        if outcome == Outcome::Unknown || !matches!(kind(state), CLOSED | RECOVERING) {
            return None;
        }
        let is_slow = matches!((outcome, terms.slow), (Outcome::Answered(took), Some((slow, _))) if took >= slow);
        let is_failure = outcome == Outcome::Failed;
        let kinds = [REQUESTS, if is_failure { FAILURES } else { SLOW }];
        let is_bad = is_failure || is_slow;
        self.counts
            .add(now, terms.window, if is_bad { &kinds } else { &kinds[..1] });
        (is_bad && self.is_too_bad(terms, now)).then(|| self.open(state, terms, now))?
    }

    fn is_too_bad(&self, terms: &Terms, now: Duration) -> bool {
        let [requests, failures, slow] = self.counts.sums(now, terms.window);
        let is_over = |count: u64, ratio: f32| count as f32 >= requests as f32 * ratio;
        requests >= u64::from(terms.min_requests)
            && (is_over(failures, terms.error_ratio) || terms.slow.is_some_and(|(_, ratio)| is_over(slow, ratio)))
    }

    fn open(&self, state: u64, terms: &Terms, now: Duration) -> Option<State> {
        if !self.turn(state, OPEN, now + terms.open_for) {
            return None;
        }
        self.counts.clear();
        Some(State::Open)
    }

    fn probed(&self, state: u64, outcome: Outcome, terms: &Terms, now: Duration) -> Option<State> {
        match outcome {
            Outcome::Answered(took) if terms.slow.is_none_or(|(slow, _)| took < slow) => {
                self.probing.fetch_sub(1, AcqRel);
                if self.well.fetch_add(1, AcqRel) + 1 < terms.half_open_requests {
                    return None;
                }
                let is_gentle = kind(state) == HALF_OPEN && !terms.recovery.is_zero();
                let (kind, told) = if is_gentle {
                    (RECOVERING, State::Recovering)
                } else {
                    (CLOSED, State::Closed)
                };
                self.turn(state, kind, now).then_some(told)
            }
            Outcome::Unknown => {
                self.probing.fetch_sub(1, AcqRel);
                None
            }
            Outcome::Answered(_) | Outcome::Failed => self.open(state, terms, now),
        }
    }

    /// A target was found well by other means, after none was: the next requests find out at once. Tells whether it was open.
    pub fn revive(&self, now: Duration) -> bool {
        let state = self.state.load(Acquire);
        let is_open = kind(state) == OPEN;
        if is_open {
            self.half_open(state, REVIVED, now);
        }
        is_open
    }
}

#[cfg(test)]
mod tests;
