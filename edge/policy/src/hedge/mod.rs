//! Hedging: a request that waits longer than usual is asked of a second target too, and the first answer counts (Dean and Barroso,
//! "The Tail at Scale", 2013). Here is decided when, and how often it may be; whether a request may be asked twice at all, its
//! method says.

mod latencies;
mod percentile;

pub use percentile::Percentile;

use crate::window::Window;
use latencies::Latencies;
use std::time::Duration;

/// Nothing waits for less: timers and networks alone may take so long.
pub const FLOOR: Duration = Duration::from_millis(1);
/// Over this time hedges are compared with requests.
const OVER: Duration = Duration::from_secs(10);

/// The part of them that one second may have, a tenth of that time. When many requests are slow at once, the upstream has too much
/// to do just then: hedges for all of them would keep it that way.
const BURST: f32 = 0.1;
/// So many a second are no burst.
const LEAST_BURST: f32 = 10.0;

/// How long a request waits for its first target alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// As long as this part of the recent requests waited at most.
    Percentile(Percentile),
    /// So long.
    Time(Duration),
}

/// What a route wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// When a second target is asked.
    pub after: After,
    /// Most hedges, as a share of the requests that may be hedged, 0 to 1.
    pub share: f32,
}

/// What is known of an upstream's requests that may be hedged. Requests read it and write it: all of it is atomics.
#[derive(Debug, Default)]
pub struct Hedges {
    latencies: Latencies,
    counts: Window<2>,
}

const REQUESTS: usize = 0;
const HEDGES: usize = 1;

impl Hedges {
    /// A request begins that may be hedged.
    pub fn request(&self, now: Duration) {
        self.counts.add(now, OVER, &[REQUESTS]);
    }

    /// The head of an answer came after this time; or none had, when another target's came.
    pub fn waited(&self, took: Duration, now: Duration) {
        self.latencies.add(took, now);
    }

    /// When a second target is asked, counted from the first try's begin; at least [`FLOOR`]. None while too few answers are known.
    pub fn delay(&self, after: After, now: Duration) -> Option<Duration> {
        let delay = match after {
            After::Percentile(percentile) => self.latencies.at(percentile, now)?,
            After::Time(time) => time,
        };
        Some(delay.max(FLOOR))
    }

    /// Whether one more hedge is within `share` of the requests of the last 10 s, and this second's hedges within a tenth of that or
    /// ten. It is counted if so.
    pub fn hedge(&self, share: f32, now: Duration) -> bool {
        // Many who ask at the very same time may overdraw it by one each.
        let is_within = self.may_hedge(share, now);
        if is_within {
            self.counts.add(now, OVER, &[HEDGES]);
        }
        is_within
    }

    /// What [`Hedges::hedge`] would say. Nothing is counted.
    pub fn may_hedge(&self, share: f32, now: Duration) -> bool {
        let (requests, hedges) = self.recent(now);
        let most = requests as f32 * share;
        let at_once = (most * BURST).max(LEAST_BURST);
        let this_second = self.counts.newest(now, OVER)[HEDGES];
        (hedges + 1) as f32 <= most && (this_second + 1) as f32 <= at_once
    }

    /// Requests that could have been hedged, and hedges, of the last 10 s.
    pub fn recent(&self, now: Duration) -> (u64, u64) {
        let [requests, hedges] = self.counts.sums(now, OVER);
        (requests, hedges)
    }

    /// How many answers of the last 30 s are known, at least 50 of which a percentile is found in.
    pub fn samples(&self, now: Duration) -> u64 {
        self.latencies.count(now)
    }
}

#[cfg(test)]
mod tests;
