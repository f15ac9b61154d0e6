//! What an override is about, and what it says.

use crate::upstream::BreakerState;
use edge_policy::balance::Placement;
use serde_json::{Value, json};
use std::{fmt, net::SocketAddr};

/// What an override is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// One target.
    Target {
        /// Its upstream.
        upstream: String,
        /// Its address.
        address: SocketAddr,
    },
    /// An upstream's breaker.
    Breaker {
        /// The upstream.
        upstream: String,
    },
}

impl Subject {
    /// The upstream.
    pub(crate) fn upstream(&self) -> &str {
        match self {
            Self::Target { upstream, .. } | Self::Breaker { upstream } => upstream,
        }
    }

    /// The target's address, if it is about one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Target { address, .. } => Some(*address),
            Self::Breaker { .. } => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target { upstream, address } => write!(f, "target {address} of {upstream}"),
            Self::Breaker { upstream } => write!(f, "the breaker of {upstream}"),
        }
    }
}

/// What it says. `Default` is what holds without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing.
    #[default]
    Configured,
    /// About a target.
    Target(Placement),
    /// About a breaker.
    Breaker(BreakerState),
}

impl Order {
    /// What it says of a target.
    pub(crate) fn placement(self) -> Placement {
        match self {
            Self::Target(placement) => placement,
            _ => Placement::Configured,
        }
    }

    /// What it says of a breaker.
    pub(crate) fn breaker(self) -> BreakerState {
        match self {
            Self::Breaker(state) => state,
            _ => BreakerState::Configured,
        }
    }

    /// In one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Target(Placement::Drain) => "drain",
            Self::Target(Placement::Disable) => "disable",
            Self::Target(Placement::Weight(_)) => "weight",
            Self::Breaker(BreakerState::Open) => "open",
            Self::Breaker(BreakerState::Closed) => "closed",
            _ => "configured",
        }
    }

    /// For the audit file.
    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Target(Placement::Weight(weight)) => json!({ "state": self.word(), "weight": weight }),
            _ => json!({ "state": self.word() }),
        }
    }
}
