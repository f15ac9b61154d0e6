//! Passive ejection: a target that keeps failing real requests is left alone for a while, longer each time.

use crate::window::Window;
use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

/// Longest ejection, as a multiple of the first.
const LONGEST: u32 = 10;
/// Most that the random part adds to an ejection, so that targets do not come back all at once.
const JITTER: f32 = 0.1;

/// When a target is left alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// So many failures in a row; at least 1.
    pub in_a_row: u32,
    /// Or this share of failures,
    pub ratio: f32,
    /// over this time,
    pub window: Duration,
    /// and so many requests in it.
    pub min_requests: u32,
}

/// Why a target is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It could not be connected to.
    Unreachable,
    /// It failed so often in a row.
    InARow,
    /// Too large a share of its requests failed.
    Ratio,
}

/// An ejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ejection {
    /// Why.
    pub why: Why,
    /// Until when, by the clock that was told.
    pub until: Duration,
}

/// What is known of one target. Requests read it and write it: all of it is atomics.
#[derive(Debug, Default)]
pub struct Outlier {
    row: AtomicU32,
    counts: Window<2>,
    /// From the top: end in milliseconds (48 bits), ejections so far (8), why (8). An end of 0: none.
    ejection: AtomicU64,
}

const REQUESTS: usize = 0;
const FAILURES: usize = 1;

fn pack(until: Duration, level: u32, why: Why) -> u64 {
    (until.as_millis() as u64) << 16 | u64::from(level.min(255)) << 8 | why as u64
}

fn unpack(packed: u64) -> (Duration, u32, Why) {
    let why = match packed & 0xff {
        0 => Why::Unreachable,
        1 => Why::InARow,
        _ => Why::Ratio,
    };
    (Duration::from_millis(packed >> 16), (packed >> 8) as u32 & 0xff, why)
}

impl Outlier {
    /// Notes how a request went, and tells whether that is enough to leave the target alone.
    pub fn observe(&self, failed: bool, terms: &Terms, now: Duration) -> Option<Why> {
        if !failed {
            self.counts.add(now, terms.window, &[REQUESTS]);
            // Most of the time there is nothing to write.
            if self.row.load(Relaxed) != 0 {
                self.row.store(0, Relaxed);
            }
            return None;
        }
        self.counts.add(now, terms.window, &[REQUESTS, FAILURES]);
        if self.row.fetch_add(1, Relaxed) + 1 >= terms.in_a_row {
            return Some(Why::InARow);
        }
        let [requests, failures] = self.counts.sums(now, terms.window);
        let is_much = failures as f32 >= requests as f32 * terms.ratio;
        (requests >= u64::from(terms.min_requests) && is_much).then_some(Why::Ratio)
    }

    /// Leaves the target alone: for `first`, or longer if that happened of late. One that is unreachable costs little to ask, so it
    /// is asked again after the same time always. `random` is from 0 to 1. `None`: it is already.
    pub fn eject(&self, why: Why, first: Duration, random: f32, now: Duration) -> Option<Ejection> {
        let before = self.ejection.load(Acquire);
        let (ended, level, _) = unpack(before);
        if before != 0 && now < ended {
            return None;
        }
        // Each time that it is well for as long as a first ejection takes one of the earlier ones is forgotten.
        let well = now.saturating_sub(ended).as_millis() / first.as_millis().max(1);
        let level = level.saturating_sub(u32::try_from(well).unwrap_or(u32::MAX));
        let grows = why != Why::Unreachable;
        let level = if grows { level } else { 0 };
        let factor = 1u32.checked_shl(level).unwrap_or(LONGEST).min(LONGEST);
        let until = now + (first * factor).mul_f32(1.0 + JITTER * random.clamp(0.0, 1.0));
        let next = pack(until, level + u32::from(grows), why);
        // Of several who find out at once one ejects.
        let won = self.ejection.compare_exchange(before, next, AcqRel, Acquire).is_ok();
        self.row.store(0, Relaxed);
        self.counts.clear();
        won.then_some(Ejection { why, until })
    }

    /// The ejection that holds now.
    pub fn ejection(&self, now: impl FnOnce() -> Duration) -> Option<Ejection> {
        let packed = self.ejection.load(Acquire);
        // The clock is read only for the few targets that failed of late.
        if packed == 0 {
            return None;
        }
        let (until, _, why) = unpack(packed);
        (now() < until).then_some(Ejection { why, until })
    }

    /// A probe found it well: the ejection of one that could not be connected to ends. One that failed its requests stays out for
    /// its time, unless probes had found it sick too and see now that it `recovered`: probes that went well all along do not see what
    /// ails it. How often it happened is remembered. Tells whether an ejection ended.
    pub fn readmit(&self, recovered: bool, now: Duration) -> bool {
        let ends = |packed: u64| {
            let (until, level, why) = unpack(packed);
            let is_over = recovered || why == Why::Unreachable;
            (packed != 0 && now < until && is_over).then(|| pack(now, level, why))
        };
        self.ejection.fetch_update(AcqRel, Acquire, ends).is_ok()
    }
}

/// How many of `count` targets may be left alone at a time, for a share of 0 to 1: at least one, and never the last.
pub fn most_ejected(count: usize, share: f32) -> usize {
    let most = (count as f32 * share) as usize;
    most.max(1).min(count.saturating_sub(1))
}

#[cfg(test)]
mod tests;
