//! A decision and the header fields that tell it.

use super::{Algorithm, Limit};
use http::{HeaderName, HeaderValue, header};
use std::{cmp::Reverse, time::Duration};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");

/// What one limit says about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request passes.
    pub allowed: bool,
    /// How many more would pass now.
    pub remaining: u32,
    /// Until the quota is whole again (window: until it ends).
    pub reset: Duration,
    /// When it is worth coming again; zero where the request passed.
    pub retry_after: Duration,
}

/// A header field to set.
pub type HeaderPair = (HeaderName, HeaderValue);

/// Rounds up to whole seconds: a client that comes at the told second finds room.
pub(super) fn seconds_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// `RateLimit-Policy`, `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) and, on a refusal, `Retry-After` (RFC 9110,
/// section 10.2.3, in seconds) for all limits that a request met, the tightest first: one that refuses, else that of which the
/// smallest part is left.
pub fn headers(met: &mut [(&Limit, Decision)]) -> Vec<HeaderPair> {
    if met.is_empty() {
        return Vec::new();
    }
    if met.len() > 1 {
        met.sort_by_key(|(limit, decision)| {
            let (quota, _) = advertised(limit);
            let part = u64::from(decision.remaining) * 1_000_000 / u64::from(quota.max(1));
            (decision.allowed, part, Reverse(decision.reset))
        });
    }
    let met = &*met;
    let (mut policy, mut state) = (String::with_capacity(64), String::with_capacity(64));
    for (limit, decision) in met {
        let (quota, window) = advertised(limit);
        let (name, left, reset) = (&limit.name, decision.remaining, seconds_up(decision.reset));
        push(&mut policy, name, [(";q=", quota.into()), (";w=", window)]);
        push(&mut state, name, [(";r=", left.into()), (";t=", reset)]);
    }
    let retry = met
        .iter()
        .filter(|(_, d)| !d.allowed)
        .map(|(_, d)| seconds_up(d.retry_after).max(1))
        .max();

    let text = |name: &HeaderName, value: String| Some((name.clone(), HeaderValue::try_from(value).ok()?));
    [
        text(&POLICY, policy),
        text(&STATE, state),
        retry.map(|seconds| (header::RETRY_AFTER, seconds.into())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Adds an item to a list (RFC 9651). `fmt` takes four times as long.
fn push(list: &mut String, name: &str, parameters: [(&str, u64); 2]) {
    list.push_str(if list.is_empty() { "\"" } else { ", \"" });
    list.push_str(name);
    list.push('"');
    for (key, value) in parameters {
        list.push_str(key);
        list.push_str(itoa::Buffer::new().format(value));
    }
}

/// Quota and window in seconds, as the policy tells them. For gcra that is the burst and the time it takes to refill.
fn advertised(limit: &Limit) -> (u32, u64) {
    match limit.algorithm {
        Algorithm::Window => (limit.rate.count, seconds_up(limit.rate.per).max(1)),
        Algorithm::Gcra => (
            limit.burst,
            seconds_up(super::gcra::interval(limit) * limit.burst).max(1),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{OnStoreFailure, Part, Rate};

    fn limit(name: &str, algorithm: Algorithm, count: u32, per: u64, burst: u32) -> Limit {
        Limit {
            name: name.into(),
            key: Part::ClientIp.into(),
            when: None,
            cost: 1,
            rate: Rate {
                count,
                per: Duration::from_secs(per),
            },
            burst,
            algorithm,
            on_store_failure: OnStoreFailure::Local,
        }
    }

    fn shown(met: &[(&Limit, Decision)]) -> Vec<(String, String)> {
        headers(&mut met.to_vec())
            .into_iter()
            .map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn tells_every_limit_and_the_longest_wait_rounded_up() {
        let window = limit("anonymous_ip", Algorithm::Window, 100, 900, 100);
        let gcra = limit("sign_in", Algorithm::Gcra, 30, 60, 20);
        let refused = Decision {
            allowed: false,
            remaining: 0,
            reset: Duration::from_millis(899_001),
            retry_after: Duration::from_millis(899_001),
        };
        let passed = Decision {
            allowed: true,
            remaining: 19,
            reset: Duration::from_secs(2),
            retry_after: Duration::ZERO,
        };
        let got = shown(&[(&gcra, passed), (&window, refused)]);
        let want = [
            (
                "ratelimit-policy",
                "\"anonymous_ip\";q=100;w=900, \"sign_in\";q=20;w=40",
            ),
            ("ratelimit", "\"anonymous_ip\";r=0;t=900, \"sign_in\";r=19;t=2"),
            ("retry-after", "900"),
        ];
        assert_eq!(got, want.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(
            shown(&[(&gcra, passed)]).len(),
            2,
            "no Retry-After where the request passed"
        );
        assert!(headers(&mut []).is_empty());
    }

    #[test]
    fn the_tightest_is_told_first() {
        let (one, other) = (
            limit("one", Algorithm::Gcra, 100, 1, 100),
            limit("other", Algorithm::Gcra, 10, 1, 10),
        );
        let left = |remaining| Decision {
            allowed: true,
            remaining,
            reset: Duration::from_secs(1),
            retry_after: Duration::ZERO,
        };
        for (first, second, told) in [(9, 5, "\"one\";r=9"), (60, 5, "\"other\";r=5"), (50, 5, "\"one\";r=50")] {
            let shown = shown(&[(&one, left(first)), (&other, left(second))]);
            assert!(shown[1].1.starts_with(told), "{shown:?}");
        }
    }
}
