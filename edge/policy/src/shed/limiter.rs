//! The number of requests that an upstream gets at a time, found by its latency.
//!
//! A gradient limiter, after Netflix' `Gradient2Limit` (concurrency-limits) and Envoy's adaptive concurrency filter. By Little's law the mean
//! latency of a busy service is to its latency without waiting as the requests there are to those it works on. So every tenth of a second the
//! limit is moved a part of the way to where this ratio is [`TOLERANCE`]: a service always has the next request at hand, and few wait in it.
//! It moves in proportion, up as down, so that noise cancels out instead of adding up. Unused, it stays. How the latency without waiting
//! is found stands in [`super::baseline`].

use super::{
    Level,
    baseline::{Baseline, DIP, Window},
    window::Latencies,
};
use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    },
    time::Duration,
};

/// A window is between so long,
const WINDOW: Duration = Duration::from_millis(100);
/// and so long, unless answers are few.
const LONGEST: Duration = Duration::from_secs(2);
/// In between, so many times the latency, so that a window shows what the one before did.
const ROUNDS: f32 = 2.0;
/// A window has at least so many answers.
const ENOUGH: u32 = 20;
/// What the latency of a busy service is to be, as a multiple of its baseline: the requests it has for one that it works on.
pub(super) const TOLERANCE: f32 = 1.3;
/// So many answers move the limit half of the way, and no window moves it further,
const TRUSTED: f32 = 80.0;
/// or by more than this, down and up.
const STEP: (f32, f32) = (0.8, 1.2);
/// A latency counts as at most so many times the baseline, so that a single one does not spoil a mean.
const OUTLIER: f32 = 8.0;
/// The limit before anything is known, within the bounds.
const FIRST: f32 = 20.0;

/// Between which numbers the limit stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Least, at least 1.
    pub min: u32,
    /// Most, at least `min`.
    pub max: u32,
}

/// The limit, and the requests that use it. All of it atomics; whoever ends a window does the sums.
#[derive(Debug, Default)]
pub struct Limiter {
    in_flight: AtomicU32,
    /// Most of the present window; above all limits once one found no room.
    peak: AtomicU32,
    /// `f32`; 0: not known yet.
    limit: AtomicU32,
    baseline: Baseline,
    /// When the present window began, microseconds of the clock plus one; 0: none has.
    began: AtomicU64,
    /// How long it is at least, microseconds.
    length: AtomicU64,
    /// Tries in it that were given up.
    cut: AtomicU32,
    latencies: Latencies,
}

impl Limiter {
    /// Takes room for a request, if there is any for its level.
    pub fn enter(&self, level: Level, bounds: Bounds) -> bool {
        let most = self.room(level, bounds);
        let next = |now: u32| (now < most).then_some(now + 1);
        let entered = self.in_flight.fetch_update(SeqCst, SeqCst, next);
        // Who finds no room has used all there is for its level, however little of the whole that may be.
        self.peak
            .fetch_max(entered.map_or(u32::MAX, |before| before + 1), Relaxed);
        entered.is_ok()
    }

    /// Whether [`Limiter::enter`] would find room.
    pub fn has_room(&self, level: Level, bounds: Bounds) -> bool {
        self.in_flight() < self.room(level, bounds)
    }

    /// Gives the room of one request back.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, SeqCst);
    }

    /// Requests that have room.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(SeqCst)
    }

    /// The limit as it is.
    pub fn limit(&self, bounds: Bounds) -> u32 {
        self.exact(bounds) as u32
    }

    /// Requests under way at which one of this level finds no room any more; at least 1, so that who is alone is served.
    pub fn room(&self, level: Level, bounds: Bounds) -> u32 {
        let room = level.room(self.limit(bounds));
        if self.baseline.is_dip() {
            ((room as f32 * DIP).round() as u32).max(1)
        } else {
            room
        }
    }

    /// The latency without waiting, as far as it is known.
    pub fn baseline(&self) -> Option<Duration> {
        { self.baseline.us() }.map(|us| Duration::from_secs_f32(us / 1e6))
    }

    fn exact(&self, bounds: Bounds) -> f32 {
        let limit = match f32::from_bits(self.limit.load(Relaxed)) {
            0.0 => FIRST,
            limit => limit,
        };
        // The bounds may be others since.
        clamp(limit, bounds)
    }

    /// A try was answered after this time.
    pub fn answered(&self, took: Duration, bounds: Bounds, now: Duration) {
        let most = { self.baseline.us() }.map_or(u64::MAX, |baseline| (baseline * OUTLIER) as u64);
        let count = self.latencies.add((took.as_micros() as u64).min(most));
        let (began, now) = (self.began.load(Acquire), now.as_micros() as u64 + 1);
        if began == 0 {
            let _ = self.began.compare_exchange(0, now, AcqRel, Relaxed);
            return;
        }
        let length = now.saturating_sub(began);
        let least = (WINDOW.as_micros() as u64).max(self.length.load(Relaxed));
        // Where most is given up nothing more may come.
        let is_enough = || count >= ENOUGH || self.baseline.is_settling() || self.cut.load(Relaxed) > count / 2;
        let is_over = length >= least && is_enough();
        if is_over && self.began.compare_exchange(began, now, AcqRel, Relaxed).is_ok() {
            self.turn(length, now, bounds);
        }
    }

    /// A try was given up after this time.
    pub fn timed_out(&self, took: Duration, bounds: Bounds, now: Duration) {
        self.cut.fetch_add(1, Relaxed);
        self.answered(took, bounds, now);
    }

    /// A window of so many microseconds is over.
    fn turn(&self, length: u64, ended: u64, bounds: Bounds) {
        let drained = self.latencies.drain();
        let peak = self.peak.swap(self.in_flight(), Relaxed);
        let cut = self.cut.swap(0, Relaxed);
        let Some((latency, answers)) = drained else { return };
        let next = ((latency * ROUNDS) as u64).min(LONGEST.as_micros() as u64);
        self.length.store(next, Relaxed);
        let window = Window {
            latency,
            seconds: length as f32 / 1e6,
            ended,
            is_cut: cut as f32 > answers / 2.0,
        };
        if self.baseline.looked(window) {
            return;
        }
        let limit = self.exact(bounds);
        // Who uses little of it shows neither that more would do nor that it is too much.
        if peak as f32 <= limit / 2.0 {
            return self.baseline.unused(window);
        }
        if let Some(baseline) = self.baseline.used(window) {
            let weight = (answers / (answers + TRUSTED)).min(0.5);
            let ratio = (TOLERANCE * baseline / latency).powf(weight);
            let next = clamp(limit * ratio.clamp(STEP.0, STEP.1), bounds);
            self.limit.store(next.to_bits(), Relaxed);
        }
    }
}

fn clamp(limit: f32, bounds: Bounds) -> f32 {
    let min = bounds.min.max(1) as f32;
    limit.clamp(min, (bounds.max as f32).max(min))
}

#[cfg(test)]
mod tests;
