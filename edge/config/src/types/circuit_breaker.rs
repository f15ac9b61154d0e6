//! Section `circuit_breakers`.

use crate::units::{Ratio, TimeSpan};
use edge_policy::breaker;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When an upstream that fails is left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CircuitBreaker {
    /// Over which time failures are counted.
    pub window: TimeSpan,
    /// Requests in that time below which nothing is judged; at least 1.
    #[schemars(range(min = 1))]
    pub min_requests: u32,
    /// Share of failures that opens it, more than 0 and at most 1. Failures are tries without an answer, 5xx and 429.
    pub error_ratio: Ratio,
    /// An answer that takes longer than this to begin is slow; none is without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_after: Option<TimeSpan>,
    /// Share of slow answers that opens it, more than 0 and at most 1.
    pub slow_ratio: Ratio,
    /// How long it stays open, that is, how long requests are refused with 503 at once.
    pub open_for: TimeSpan,
    /// Requests let through afterwards to find out whether it is over; at least 1.
    #[schemars(range(min = 1))]
    pub half_open_requests: u32,
    /// In this time the share of requests that pass then grows to all of them.
    pub recovery: TimeSpan,
    /// Most requests under way to the upstream at a time, open streams included; no bound without it. At least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_requests: Option<u32>,
    /// Most requests under way to one instance at a time, open streams included; no bound without it. At least 1. Where every instance
    /// has as many, requests are answered 503 `NO_TARGET`. Clients that stay with their instance (`sticky`) are not turned away, new sockets and sessions are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_requests_per_target: Option<u32>,
}

impl CircuitBreaker {
    /// The same, as the policy crate judges by it.
    pub fn to_policy(&self) -> breaker::Terms {
        breaker::Terms {
            window: *self.window,
            min_requests: self.min_requests,
            error_ratio: self.error_ratio.ratio() as f32,
            slow: self.slow_after.map(|slow| (*slow, self.slow_ratio.ratio() as f32)),
            open_for: *self.open_for,
            half_open_requests: self.half_open_requests.max(1),
            recovery: *self.recovery,
            max_requests: self.max_requests,
        }
    }
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            window: TimeSpan::from_secs(10),
            min_requests: 20,
            error_ratio: Ratio::HALF,
            slow_after: None,
            slow_ratio: Ratio::MOST,
            open_for: TimeSpan::from_secs(5),
            half_open_requests: 3,
            recovery: TimeSpan::from_secs(5),
            max_requests: None,
            max_requests_per_target: None,
        }
    }
}
