//! The number of requests that an upstream gets at a time, found by its latency.
//!
//! A gradient limiter, after Netflix' `Gradient2Limit` (concurrency-limits) and Envoy's adaptive concurrency filter. Every tenth of a second
//! a low percentile of latency is set against a baseline. While it stays near, the limit grows by its square root; when requests wait
//! in the service, it falls in proportion; unused, it stays. Envoy finds the baseline by letting next to nobody through now and then, which
//! clients feel. Here it is learned when little is going on anyway: half used, a service shows what it can. Otherwise it follows
//! what is faster soon, and what is slower over ten minutes, so that a service that has become slow is not throttled for ever.

use super::{Level, window::Latencies};
use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    },
    time::Duration,
};

/// A window is at least this long, microseconds,
const WINDOW_US: u64 = 100_000;
/// and has at least so many answers.
const ENOUGH: u32 = 10;
/// The share of answers that are faster than the latency looked at.
const LOW: f32 = 0.25;
/// Latencies up to this many times the baseline are no sign of waiting.
const TOLERANCE: f32 = 1.5;
/// Most that one window takes away, before smoothing.
const LEAST_GRADIENT: f32 = 0.5;
/// Weight of one window.
const SMOOTHING: f32 = 0.2;
/// The limit before anything is known, within the bounds.
const FIRST: f32 = 20.0;
/// In this time the baseline follows two thirds of the way, seconds: down, or while less than half of the limit is used,
const SOON_S: f32 = 2.0;
/// and up, while more is.
const LATE_S: f32 = 600.0;

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
    /// Microseconds, `f32`; 0: not known yet.
    baseline: AtomicU32,
    /// When the present window began, microseconds of the clock plus one; 0: none has.
    began: AtomicU64,
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
        ((self.exact(bounds) * level.share()) as u32).max(1)
    }

    /// The latency without waiting, as far as it is known.
    pub fn baseline(&self) -> Option<Duration> {
        let us = f32::from_bits(self.baseline.load(Relaxed));
        (us > 0.0).then(|| Duration::from_secs_f32(us / 1e6))
    }

    fn exact(&self, bounds: Bounds) -> f32 {
        let limit = match f32::from_bits(self.limit.load(Relaxed)) {
            0.0 => FIRST,
            limit => limit,
        };
        // The bounds may be others since.
        let min = bounds.min.max(1) as f32;
        limit.clamp(min, (bounds.max as f32).max(min))
    }

    /// A request was answered after this time.
    pub fn answered(&self, took: Duration, bounds: Bounds, now: Duration) {
        let count = self.latencies.add(took.as_micros() as u64);
        let (began, now) = (self.began.load(Acquire), now.as_micros() as u64 + 1);
        if began == 0 {
            let _ = self.began.compare_exchange(0, now, AcqRel, Relaxed);
            return;
        }
        let length = now.saturating_sub(began);
        let is_over = length >= WINDOW_US && count >= ENOUGH;
        if is_over && self.began.compare_exchange(began, now, AcqRel, Relaxed).is_ok() {
            self.turn(length as f32 / 1e6, bounds);
        }
    }

    /// A window of so many seconds is over.
    fn turn(&self, seconds: f32, bounds: Bounds) {
        let latency = self.latencies.drain(LOW);
        let peak = self.peak.swap(self.in_flight(), Relaxed);
        if latency <= 0.0 {
            return;
        }
        let limit = self.exact(bounds);
        let is_used = peak as f32 > limit / 2.0;
        let baseline = match f32::from_bits(self.baseline.load(Relaxed)) {
            0.0 => latency,
            known => {
                let time = if latency < known || !is_used { SOON_S } else { LATE_S };
                known + (latency - known) * (1.0 - (-seconds / time).exp())
            }
        };
        self.baseline.store(baseline.to_bits(), Relaxed);
        let gradient = (TOLERANCE * baseline / latency).clamp(LEAST_GRADIENT, 1.0);
        // Who uses little of it shows neither that more would do nor that it is too much.
        let next = if is_used {
            limit * gradient + limit.sqrt()
        } else {
            limit
        };
        let next = limit + (next - limit) * SMOOTHING;
        let min = bounds.min.max(1) as f32;
        let next = next.clamp(min, (bounds.max as f32).max(min));
        self.limit.store(next.to_bits(), Relaxed);
    }
}

#[cfg(test)]
mod tests;
