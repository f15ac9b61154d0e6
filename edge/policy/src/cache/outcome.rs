//! What the cache did for a request, as logs and `Cache-Status` (RFC 9211) tell it.

use std::fmt::Write;

/// What the cache did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It had a fresh answer.
    Hit {
        /// For how much longer it is fresh, seconds; below zero it is not.
        ttl: i64,
        /// Another request fetched it while this one waited.
        collapsed: bool,
    },
    /// It gave a stale answer: the service failed, or is being asked.
    Stale {
        /// For how much longer it is fresh, seconds: below zero.
        ttl: i64,
    },
    /// It had none, and keeps the service's.
    Miss,
    /// What it had was stale, and is replaced by the service's.
    Expired,
    /// What it had was stale, and the service says that it still holds.
    Revalidated,
    /// The service was asked, and its answer is not kept, for this reason.
    Unkept(&'static str),
    /// It was not looked into, for this reason.
    Bypass(&'static str),
}

impl Outcome {
    /// All words.
    pub const WORDS: [&str; 7] = ["hit", "stale", "miss", "expired", "revalidated", "unkept", "bypass"];

    /// In one word, for logs and metrics.
    pub fn word(self) -> &'static str {
        Self::WORDS[self.index()]
    }

    /// Its place among [`Outcome::WORDS`].
    pub fn index(self) -> usize {
        match self {
            Self::Hit { .. } => 0,
            Self::Stale { .. } => 1,
            Self::Miss => 2,
            Self::Expired => 3,
            Self::Revalidated => 4,
            Self::Unkept(_) => 5,
            Self::Bypass(_) => 6,
        }
    }

    /// For `Cache-Status`.
    pub fn status(self) -> String {
        let mut text = String::from("edge");
        // Writing to a text cannot fail.
        let _ = match self {
            Self::Hit { collapsed: true, .. } => write!(text, "; fwd=uri-miss; collapsed"),
            Self::Hit { ttl, .. } | Self::Stale { ttl } => write!(text, "; hit; ttl={ttl}"),
            Self::Miss => write!(text, "; fwd=uri-miss; stored"),
            Self::Expired => write!(text, "; fwd=stale; stored"),
            Self::Revalidated => write!(text, "; fwd=stale; fwd-status=304; stored"),
            Self::Unkept(why) => write!(text, "; fwd=uri-miss; detail={why}"),
            Self::Bypass(why) => write!(text, "; fwd=bypass; detail={why}"),
        };
        text
    }
}
