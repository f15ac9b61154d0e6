//! Generic cell rate algorithm (ITU-T I.371): one number a key, the theoretical arrival time (TAT) of the next request.
//!
//! A request passes if the TAT is at most `(burst - cost) × interval` ahead of now; a refused one changes nothing.

use super::{Decision, Limit};
use std::time::{Duration, Instant};

/// The rule, with what keeps the new TAT.
macro_rules! script {
    ($keep:literal) => {
        concat!(
            r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local cost = tonumber(ARGV[3])
local wait = tat - now - (tonumber(ARGV[2]) - cost) * interval
if wait > 0 then
  return {wait, tat - now}
end
tat = tat + cost * interval
",
            $keep,
            r"
return {0, tat - now}
"
        )
    };
}

/// `KEYS[1]` the bucket, `ARGV[1]` the interval in microseconds, `ARGV[2]` the burst, `ARGV[3]` the cost. Redis's own clock decides.
///
/// Replies `[wait, ahead]` in microseconds: how long to wait (0: it passed), and how far the TAT now is ahead.
/// The TAT is written with all its digits: Lua's default format would round a time in microseconds.
pub const GCRA_SCRIPT: &str =
    script!("redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))");

/// The same without its write: what [`GCRA_SCRIPT`] would reply now.
pub const GCRA_PEEK_SCRIPT: &str = script!("");

/// Time between two tokens, in whole microseconds, rounded up so that the rate is never exceeded.
pub(super) fn interval(limit: &Limit) -> Duration {
    let micros = limit
        .rate
        .per
        .as_micros()
        .div_ceil(u128::from(limit.rate.count.max(1)))
        .max(1);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Arguments of [`GCRA_SCRIPT`].
pub(super) fn script_args(limit: &Limit) -> [u64; 3] {
    let burst = u64::from(limit.burst.max(1));
    [micros(interval(limit)), burst, u64::from(limit.cost)]
}

/// Meaning of the reply.
pub(super) fn decide(limit: &Limit, [wait, ahead]: [i64; 2]) -> Decision {
    let time = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    judge(limit, time(wait), time(ahead))
}

fn judge(limit: &Limit, wait: Duration, ahead: Duration) -> Decision {
    let interval = micros(interval(limit));
    let room = interval
        .saturating_mul(u64::from(limit.burst.max(1)))
        .saturating_sub(micros(ahead))
        / interval;
    Decision {
        allowed: wait.is_zero(),
        remaining: u32::try_from(room).unwrap_or(u32::MAX),
        reset: ahead,
        retry_after: wait,
    }
}

/// The same rule in memory: the model of the script, and the counter for when the store is away.
#[derive(Debug, Clone, Copy)]
pub struct Gcra {
    tat: Instant,
}

impl Gcra {
    /// Asks for one request; `bucket` is `None` before the first.
    pub fn hit(bucket: &mut Option<Self>, limit: &Limit, now: Instant) -> Decision {
        let interval = interval(limit);
        let tat = bucket.map_or(now, |gcra| gcra.tat.max(now));
        let tolerance = interval * limit.burst.max(1).saturating_sub(limit.cost);
        let wait = (tat - now).saturating_sub(tolerance);
        if !wait.is_zero() {
            return judge(limit, wait, tat - now);
        }
        let tat = tat + interval * limit.cost;
        *bucket = Some(Self { tat });
        judge(limit, Duration::ZERO, tat - now)
    }

    /// The bucket as the store's `decision` shows it, where this process does not know more already.
    pub(super) fn learn(bucket: Option<Self>, decision: &Decision, now: Instant) -> Self {
        let tat = now + decision.reset;
        Self {
            tat: bucket.map_or(tat, |gcra| gcra.tat.max(tat)),
        }
    }

    /// When it may be forgotten.
    pub(crate) fn ends(&self) -> Instant {
        self.tat
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{Algorithm, OnStoreFailure, Part, Rate};
    use proptest::prelude::*;

    fn limit(count: u32, per_ms: u64, burst: u32) -> Limit {
        Limit {
            name: "test".into(),
            key: Part::ClientIp.into(),
            when: None,
            cost: 1,
            rate: Rate {
                count,
                per: Duration::from_millis(per_ms),
            },
            burst,
            algorithm: Algorithm::Gcra,
            on_store_failure: OnStoreFailure::Local,
        }
    }

    #[test]
    fn a_burst_passes_then_one_an_interval() {
        let limit = limit(30, 60_000, 3);
        let now = Instant::now();
        let mut bucket = None;
        for left in [2, 1, 0] {
            let decision = Gcra::hit(&mut bucket, &limit, now);
            assert_eq!((decision.allowed, decision.remaining), (true, left));
        }
        let refused = Gcra::hit(&mut bucket, &limit, now);
        assert_eq!((refused.allowed, refused.retry_after), (false, Duration::from_secs(2)));
        assert_eq!(refused.reset, Duration::from_secs(6));
        assert!(!Gcra::hit(&mut bucket, &limit, now + Duration::from_millis(1999)).allowed);
        assert!(
            Gcra::hit(&mut bucket, &limit, now + Duration::from_secs(2)).allowed,
            "exactly at retry_after"
        );
        assert!(!Gcra::hit(&mut bucket, &limit, now + Duration::from_secs(2)).allowed);
    }

    #[test]
    fn the_largest_limit_that_can_be_written_does_not_overflow() {
        let limit = limit(1, 100 * 365 * 86_400_000, u32::MAX);
        assert!(Gcra::hit(&mut None, &limit, Instant::now()).allowed);
        assert_eq!(
            crate::rate_limit::headers(&mut [(&limit, limit.decide([0, 0]))]).len(),
            2
        );
    }

    proptest! {
        /// Law: over any stretch of time T requests of at most burst + T/interval pass, whatever each of them costs; and who waits
        /// as told, passes.
        #[test]
        fn never_more_than_burst_and_rate(
            count in 1u32..50, per in 1u64..2000, burst in 1u32..20,
            asked in prop::collection::vec((0u64..200, 1u32..20), 1..150),
        ) {
            let mut limit = limit(count, per, burst);
            let step = interval(&limit);
            let base = Instant::now();
            let (mut bucket, mut now, mut passed) = (None, base, Vec::new());
            for (gap, cost) in asked {
                now += Duration::from_millis(gap);
                limit.cost = cost.min(burst);
                let decision = Gcra::hit(&mut bucket, &limit, now);
                if decision.allowed {
                    passed.push((now, u128::from(limit.cost)));
                } else {
                    let (mut later, mut sooner) = (bucket, bucket);
                    prop_assert!(Gcra::hit(&mut later, &limit, now + decision.retry_after).allowed);
                    let early = decision.retry_after - Duration::from_micros(1);
                    prop_assert!(!Gcra::hit(&mut sooner, &limit, now + early).allowed);
                }
            }
            for (i, (from, _)) in passed.iter().enumerate() {
                let mut admitted = 0;
                for (to, cost) in &passed[i..] {
                    admitted += cost;
                    let bound = u128::from(burst) + (*to - *from).as_micros() / step.as_micros();
                    prop_assert!(admitted <= bound, "{admitted} > {bound}");
                }
            }
        }
    }
}
