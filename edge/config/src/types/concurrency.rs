//! Key `concurrency` of an upstream.

use crate::units::TimeSpan;
use edge_policy::shed::Bounds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many requests an upstream gets at a time: a limit that its latency moves. The lower a route's `priority`, the less of it a
/// request may use. Streaming routes are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Concurrency {
    /// Least that the limit falls to; at least 1.
    #[schemars(range(min = 1))]
    pub min: u32,
    /// Most that it grows to; at least `min`.
    #[schemars(range(min = 1))]
    pub max: u32,
    /// Most requests that wait for room, 0 to 1000; the others are refused at once, with 503 `OVERLOADED`.
    #[schemars(range(max = 1000))]
    pub queue: u32,
    /// Longest that one waits, at most 1s. While requests have been waiting for 100 ms without a pause, those below `high` wait 5 ms.
    pub wait: TimeSpan,
}

impl Concurrency {
    /// Most that may wait.
    pub const MOST_QUEUED: u32 = 1_000;

    /// Where the limit stays, as the policy crate moves it.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            min: self.min.max(1),
            max: self.max.max(self.min),
        }
    }
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            min: 8,
            max: 400,
            queue: 64,
            wait: TimeSpan::from_millis(100),
        }
    }
}
