//! Leases: the authority's tokens, lent to edges in batches, so that a steady request touches local memory alone.
//!
//! The authority is one GCRA state a key, in Redis. An edge borrows tokens before it needs them, sized by its recent demand, and gives
//! back what it did not use. While the authority is away each edge goes on with its fair share, and tells later what it let pass.
//!
//! Bound: tokens leave the authority before they are spent. So over any time T all edges together admit at most
//! `burst + rate · T`, and what they held when it began: at most [`Terms::most`] each. While the authority is away `N` edges that know of
//! each other admit at most `burst + rate · T` beside that, and one request each.

mod authority;
mod demand;
mod lessee;
mod lessees;
#[cfg(test)]
mod tests;

pub use authority::{Authority, FLEET_SCRIPT, Grant, LEASE_PEEK_SCRIPT, LEASE_SCRIPT, ask_args, grants};
pub use lessee::{Ask, Lessee, Taken};
pub use lessees::Lessees;

use super::{Decision, Limit, gcra};
use std::time::Duration;

/// For how long of its recent demand an edge borrows, and how long it may keep what it borrowed.
pub const HORIZON: Duration = Duration::from_secs(1);
/// An edge that shares a key that has run dry asks for it no more often than this.
pub const PACE: Duration = Duration::from_millis(20);
/// Tokens for this time are left when more are asked for: longer than the answer takes.
const AHEAD: Duration = Duration::from_millis(30);

/// What a limit means for those who lend and borrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Time in which one token comes back.
    interval: Duration,
    /// Tokens of a whole quota.
    burst: u32,
    /// Tokens that a request takes; at most all of them.
    cost: u32,
}

impl Terms {
    /// A limit's.
    pub fn new(limit: &Limit) -> Self {
        Self {
            interval: gcra::interval(limit),
            burst: limit.burst.max(1),
            cost: limit.cost.clamp(1, limit.burst.max(1)),
        }
    }

    /// What the next request would be told by one who asks the authority, which is as `grant` tells.
    pub fn decide(&self, grant: &Grant) -> Decision {
        let wait = grant.ahead.saturating_sub(self.interval * (self.burst - self.cost));
        let allowed = wait.is_zero();
        let taken = if allowed {
            self.interval * self.cost
        } else {
            Duration::ZERO
        };
        let ahead = grant.ahead + taken;
        Decision {
            allowed,
            remaining: whole((self.interval * self.burst).saturating_sub(ahead), self.interval),
            reset: ahead,
            retry_after: wait,
        }
    }

    /// The most that one edge holds: what comes back in a tenth of a second, a sixteenth of the burst, or what one request takes,
    /// whichever is most.
    pub fn most(&self) -> u32 {
        let tenth = Duration::from_millis(100).as_nanos() / self.interval.as_nanos().max(1);
        let tenth = u32::try_from(tenth).unwrap_or(u32::MAX);
        tenth.max(self.burst / 16).max(self.cost).clamp(1, self.burst)
    }
}

/// How often a time goes into another.
fn whole(time: Duration, into: Duration) -> u32 {
    u32::try_from(time.as_nanos() / into.as_nanos().max(1)).unwrap_or(u32::MAX)
}
