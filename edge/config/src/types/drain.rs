//! Section `drain`.

use crate::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the edge parts from its clients: all of them when it stops, and those of sockets and streams whose instance is drained or gone, or
/// whose route leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// Longest that requests under way are waited for when the edge stops.
    pub requests: TimeSpan,
    /// Over this time sockets and streams are closed, each at a moment of its own, so that not all come again at once.
    pub spread: TimeSpan,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            requests: TimeSpan::from_secs(10),
            spread: TimeSpan::from_secs(5),
        }
    }
}
