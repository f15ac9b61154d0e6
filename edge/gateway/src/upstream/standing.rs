//! How a target stands: one word and one reason for operators, whoever has a say in it.

use super::{PoolSettings, Target};
use edge_policy::{
    balance::Placement,
    outlier::{Ejection, Why},
};
use std::time::Duration;

/// What decides whether a target is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standing {
    /// It is asked.
    Healthy,
    /// It is asked with this part of its share.
    WarmingUp(f32),
    /// Probes find it sick.
    Unhealthy,
    /// It is left alone for what requests showed.
    Ejected(Why, Duration),
    /// It has as many requests as it may.
    Full,
    /// An operator wants nobody new there.
    Drained,
    /// An operator wants nobody there.
    Disabled,
}

impl Standing {
    /// A target's, in a pool of these settings.
    pub(crate) fn of(target: &Target, settings: &PoolSettings, now: Duration) -> Self {
        match target.placement.get() {
            Placement::Drain => return Self::Drained,
            Placement::Disable => return Self::Disabled,
            Placement::Configured | Placement::Weight(_) => {}
        }
        if !target.is_healthy() {
            return Self::Unhealthy;
        }
        if let Some(Ejection { why, until }) = target.outlier.ejection(|| now) {
            return Self::Ejected(why, until.saturating_sub(now));
        }
        if target.load.in_flight() >= settings.most_per_target {
            return Self::Full;
        }
        match target.warmth.part(now, settings.slow_start) {
            1.0 => Self::Healthy,
            part => Self::WarmingUp(part),
        }
    }

    /// One word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::WarmingUp(_) => "warming_up",
            Self::Unhealthy => "unhealthy",
            Self::Ejected(..) => "ejected",
            Self::Full => "full",
            Self::Drained => "drained",
            Self::Disabled => "disabled",
        }
    }

    /// The reason, where there is something to explain.
    pub(crate) fn reason(self) -> Option<String> {
        match self {
            Self::Healthy => None,
            Self::WarmingUp(part) => Some(format!("takes {:.0} % of its share, it is new or back", part * 100.0)),
            Self::Unhealthy => Some("its probes fail".to_owned()),
            Self::Ejected(why, left) => Some(format!(
                "left alone for {:.1} s more: {}",
                left.as_secs_f32(),
                because(why)
            )),
            Self::Full => Some("it has as many requests as it may".to_owned()),
            Self::Drained => Some("an operator wants nobody new there".to_owned()),
            Self::Disabled => Some("an operator wants nobody there".to_owned()),
        }
    }
}

/// Why a target is left alone, in words.
pub(crate) fn because(why: Why) -> &'static str {
    match why {
        Why::Unreachable => "it could not be connected to",
        Why::InARow => "too many requests in a row failed",
        Why::Ratio => "too many of its requests failed",
    }
}
