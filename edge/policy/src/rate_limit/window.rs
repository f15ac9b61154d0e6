//! An exact window that starts with the first request: the reply `[count, milliseconds left]` of the script says it all.

use super::{Decision, Limit};
use std::time::{Duration, Instant};

/// The rule, with what counts, what begins a window, and what takes a refused request back.
macro_rules! script {
    ($count:literal, $begin:literal, $back:literal) => {
        concat!(
            "local count = ",
            $count,
            r"
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  ",
            $begin,
            r"
end
if count > tonumber(ARGV[2]) then
  ",
            $back,
            r"
end
return {count, left}
"
        )
    };
}

/// `KEYS[1]` the bucket, `ARGV[1]` the window in milliseconds, `ARGV[2]` the count, `ARGV[3]` the cost. A refused request takes
/// nothing, so that what is left serves cheaper ones. Nothing prolongs a window; a key that lost its expiry (a restored dump) gets one
/// again.
pub const WINDOW_SCRIPT: &str = script!(
    "redis.call('INCRBY', KEYS[1], ARGV[3])",
    "redis.call('PEXPIRE', KEYS[1], left)",
    "redis.call('DECRBY', KEYS[1], ARGV[3])"
);

/// The same without its writes: what [`WINDOW_SCRIPT`] would reply now.
pub const WINDOW_PEEK_SCRIPT: &str = script!("tonumber(redis.call('GET', KEYS[1]) or 0) + ARGV[3]", "", "");

/// Arguments of [`WINDOW_SCRIPT`].
pub(super) fn script_args(limit: &Limit) -> [u64; 3] {
    let window = u64::try_from(limit.rate.per.as_millis()).unwrap_or(u64::MAX);
    [window, u64::from(limit.rate.count), u64::from(limit.cost)]
}

/// Meaning of the reply.
pub(super) fn decide(limit: &Limit, [count, left]: [i64; 2]) -> Decision {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    judge(limit, count, Duration::from_millis(u64::try_from(left).unwrap_or(0)))
}

/// `count` is with this request, also where that is one too many.
fn judge(limit: &Limit, count: u64, left: Duration) -> Decision {
    let most = u64::from(limit.rate.count);
    let allowed = count <= most;
    let taken = if allowed {
        count
    } else {
        count.saturating_sub(u64::from(limit.cost))
    };
    let remaining = most.saturating_sub(taken);
    Decision {
        allowed,
        remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
        reset: left,
        retry_after: if allowed { Duration::ZERO } else { left },
    }
}

/// The same rule in memory: the model of the script, and the counter for when the store is away.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    count: u64,
    ends: Instant,
}

impl Window {
    /// Counts one request; `bucket` is `None` before the first.
    pub fn hit(bucket: &mut Option<Self>, limit: &Limit, now: Instant) -> Decision {
        let window = match bucket {
            Some(window) if now < window.ends => window,
            _ => bucket.insert(Self {
                count: 0,
                ends: now + limit.rate.per,
            }),
        };
        let count = window.count.saturating_add(u64::from(limit.cost));
        if count <= u64::from(limit.rate.count) {
            window.count = count;
        }
        judge(limit, count, window.ends - now)
    }

    /// The bucket as the store's `decision` shows it, where this process does not know more already: decisions of
    /// requests that ran beside each other may come in any order.
    pub(super) fn learn(bucket: Option<Self>, limit: &Limit, decision: &Decision, now: Instant) -> Self {
        let seen = u64::from(limit.rate.count) - u64::from(decision.remaining.min(limit.rate.count));
        let known = bucket
            .filter(|window| now < window.ends)
            .map_or(0, |window| window.count);
        Self {
            count: seen.max(known),
            ends: now + decision.reset,
        }
    }

    /// When it may be forgotten.
    pub(super) fn ends(&self) -> Instant {
        self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{Algorithm, OnStoreFailure, Part, Rate};
    use proptest::prelude::*;

    fn limit(count: u32, per_ms: u64) -> Limit {
        Limit {
            name: "test".into(),
            key: Part::ClientIp.into(),
            when: None,
            cost: 1,
            rate: Rate {
                count,
                per: Duration::from_millis(per_ms),
            },
            burst: 1,
            algorithm: Algorithm::Window,
            on_store_failure: OnStoreFailure::Local,
        }
    }

    #[test]
    fn the_101st_is_refused_until_the_window_of_the_first_ends() {
        let limit = limit(100, 900_000);
        let start = Instant::now();
        let mut bucket = None;
        for n in 1..=100u32 {
            let decision = Window::hit(&mut bucket, &limit, start + Duration::from_secs(u64::from(n)));
            assert!(decision.allowed);
            assert_eq!(decision.remaining, 100 - n);
        }
        let refused = Window::hit(&mut bucket, &limit, start + Duration::from_secs(200));
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_secs(900 + 1 - 200));
        assert!(!Window::hit(&mut bucket, &limit, start + Duration::from_millis(900_999)).allowed);
        assert!(
            Window::hit(&mut bucket, &limit, start + Duration::from_secs(901)).allowed,
            "a new window"
        );
    }

    #[test]
    fn replies_mean_the_same_as_the_model() {
        let limit = limit(2, 1_000);
        assert_eq!(
            limit.decide([2, 400]),
            Decision {
                allowed: true,
                remaining: 0,
                reset: Duration::from_millis(400),
                retry_after: Duration::ZERO
            }
        );
        let refused = limit.decide([3, 400]);
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_millis(400));
        assert_eq!(limit.script_args()[0], 1_000);
    }

    proptest! {
        /// Law: in each window passes what the count has room for, in the order it comes, whatever each request costs.
        #[test]
        fn admits_exactly_the_count(
            count in 1u32..20, per in 10u64..1000, asked in prop::collection::vec((0u64..300, 1u32..20), 1..200),
        ) {
            let mut limit = limit(count, per);
            let base = Instant::now();
            let (mut bucket, mut now, mut first, mut admitted) = (None, 0u64, None::<u64>, 0u32);
            for (gap, cost) in asked {
                now += gap;
                limit.cost = cost.min(count);
                if first.is_none_or(|first| now >= first + per) {
                    first = Some(now);
                    admitted = 0;
                }
                let decision = Window::hit(&mut bucket, &limit, base + Duration::from_millis(now));
                prop_assert_eq!(decision.allowed, admitted + limit.cost <= count);
                admitted += if decision.allowed { limit.cost } else { 0 };
                prop_assert_eq!(decision.remaining, count - admitted);
                let end = first.unwrap_or(0) + per;
                prop_assert_eq!(decision.reset, Duration::from_millis(end - now));
            }
        }
    }
}
