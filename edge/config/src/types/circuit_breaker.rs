//! Section `circuit_breakers`.

use crate::units::{Ratio, TimeSpan};
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
    /// Share of failures that opens it, more than 0 and at most 1.
    pub error_ratio: Ratio,
    /// How long it stays open, that is, how long requests are refused with 503 at once.
    pub open_for: TimeSpan,
    /// Requests let through afterwards to find out whether it is over; at least 1.
    #[schemars(range(min = 1))]
    pub half_open_requests: u32,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            window: TimeSpan::from_secs(10),
            min_requests: 20,
            error_ratio: Ratio::HALF,
            open_for: TimeSpan::from_secs(5),
            half_open_requests: 3,
        }
    }
}
