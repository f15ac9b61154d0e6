//! How long requests take that wait for nobody, and how it is found.
//!
//! While less than half of the limit is used nobody waits, and the baseline follows what is measured. While more is, it is looked for
//! now and then: for two short windows the service gets a part of the limit, so that its queue is gone, and what requests take then is
//! what they take alone. Envoy looks with three requests at a time, which clients feel; here the limit stands so near to what the service
//! can do that the part of it costs next to nothing. A baseline that was found to be wrong is looked for again soon: so a start under
//! overload, and a service that has become slower or faster, are understood within seconds.

use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};

/// The part of its room that each level has in a dip. It has to be less than 1 / [`super::limiter::TOLERANCE`], or the queue would stay.
pub(super) const DIP: f32 = 0.6;
/// How far one look moves the baseline, as a power of the ratio.
const WEIGHT: f32 = 0.5;
/// A look that finds more than this times the baseline, or less than its inverse, finds it wrong.
const WRONG: f32 = 1.35;
/// Nothing is faster than it: what takes less than this part of it is looked into at once,
const FASTER: f32 = 0.7;
/// what takes less than this has found no queue, and needs no look,
const NEAR: f32 = 1.1;
/// and what takes more than this many times as long is looked into soon.
const SLOWER: f32 = 2.0;
/// A dip that makes latencies this much shorter has found a queue, and maybe not its end.
const SHORTER: f32 = 0.75;
/// From one look to the next.
const EVERY: Duration = Duration::from_secs(10);
/// From one that found it wrong to the next.
const AGAIN: Duration = Duration::from_secs(1);
/// In this time it follows two thirds of the way while little is going on, seconds.
const SOON_S: f32 = 2.0;

/// No dip; the queue of before runs off; what is answered is looked at.
const NONE: u32 = 0;
const SETTLING: u32 = 1;
const LOOKING: u32 = 2;

/// A window that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Mean latency, microseconds.
    pub(super) latency: f32,
    /// How long it was, seconds.
    pub(super) seconds: f32,
    /// When it ended, microseconds of the clock.
    pub(super) ended: u64,
    /// Most of its tries were given up: how long they would have taken nobody knows.
    pub(super) is_cut: bool,
}

/// The baseline. Whoever ends a window writes it.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    /// Microseconds, `f32`; 0: not known yet.
    us: AtomicU32,
    dip: AtomicU32,
    /// What the last window before a dip took, microseconds, `f32`.
    before: AtomicU32,
    /// When the next look is due, microseconds of the clock.
    due: AtomicU64,
}

impl Baseline {
    /// Microseconds, once it is known.
    pub(super) fn us(&self) -> Option<f32> {
        let us = f32::from_bits(self.us.load(Relaxed));
        (us > 0.0).then_some(us)
    }

    /// Whether there is less room than usual, to look for it.
    pub(super) fn is_dip(&self) -> bool {
        self.dip.load(Relaxed) != NONE
    }

    /// Whether the window only waits for the queue to run off.
    pub(super) fn is_settling(&self) -> bool {
        self.dip.load(Relaxed) == SETTLING
    }

    /// A window of a dip is over; whether it was one. What was given up ends a dip: there is nothing to see.
    pub(super) fn looked(&self, window: Window) -> bool {
        match self.dip.load(Acquire) {
            NONE => return false,
            _ if window.is_cut => {
                self.dip.store(NONE, Release);
                return false;
            }
            SETTLING => self.dip.store(LOOKING, Release),
            _ => {
                let ratio = { self.us() }.map(|known| window.latency / known);
                let is_right = ratio.is_some_and(|ratio| (WRONG.recip()..=WRONG).contains(&ratio));
                let is_queue = window.latency < f32::from_bits(self.before.load(Relaxed)) * SHORTER;
                // What still waits says how long it takes at most, and not at least.
                if !(is_queue && ratio.is_some_and(|ratio| ratio > WRONG)) {
                    self.follow(window, WEIGHT);
                }
                self.next_look(window, if is_right { EVERY } else { AGAIN });
                self.dip.store(NONE, Release);
            }
        }
        true
    }

    /// A window is over in which little was going on: nobody waited. Once more is, others may ask for other things.
    pub(super) fn unused(&self, window: Window) {
        self.follow(window, 1.0 - (-window.seconds / SOON_S).exp());
        self.next_look(window, AGAIN);
    }

    /// A window is over in which much was. What is known, once something is.
    pub(super) fn used(&self, window: Window) -> Option<f32> {
        let known = self.us();
        let ratio = known.map_or(f32::INFINITY, |known| window.latency / known);
        let early = match ratio {
            ratio if ratio < FASTER => EVERY,
            ratio if ratio < NEAR => return known,
            ratio if ratio > SLOWER => EVERY - AGAIN,
            _ => Duration::ZERO,
        };
        if !window.is_cut && window.ended + early.as_micros() as u64 >= self.due.load(Relaxed) {
            self.before.store(window.latency.to_bits(), Relaxed);
            self.dip.store(SETTLING, Release);
        }
        known
    }

    /// Geometric, so that what is twice and what is half of it weigh the same.
    fn follow(&self, window: Window, weight: f32) {
        if !window.is_cut {
            let known = self.us().unwrap_or(window.latency);
            let next = known * (window.latency / known).powf(weight);
            self.us.store(next.to_bits(), Relaxed);
        }
    }

    fn next_look(&self, window: Window, pause: Duration) {
        self.due.store(window.ended + pause.as_micros() as u64, Relaxed);
    }
}
