//! A second target for a request that waits long for its first. It takes no room of its own where room is limited: the budget
//! bounds what hedges add, and there are none while the upstream has no room to spare.

use super::{Attempt, Pool, Standing, Subset, Target, clock};
use crate::upstream::Outlook;
use edge_policy::{breaker::State, shed::Level};
use std::{net::SocketAddr, sync::Arc};

/// Why no second target is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unhedged {
    /// Its breaker does not let all requests pass.
    Breaker,
    /// Requests wait for room, or would if they did not matter much.
    Crowded,
    /// None of the others is well and warm.
    NoOther,
    /// There were as many hedges as may be.
    Spent,
}

impl Unhedged {
    /// In words.
    pub(crate) fn because(self) -> &'static str {
        match self {
            Self::Breaker => "its breaker does not let all pass",
            Self::Crowded => "the upstream has no room to spare",
            Self::NoOther => "no other instance is well and warm",
            Self::Spent => "the budget is spent",
        }
    }
}

impl Pool {
    /// Another target than those `tried`, and the try there, which begins now; none where no hedge is due. `share` bounds how often.
    pub(crate) fn hedge(
        self: &Arc<Self>,
        subset: Subset,
        tried: &[SocketAddr],
        key: u64,
        share: f32,
    ) -> Option<(Arc<Target>, Attempt)> {
        match self.second(subset, tried, key, share) {
            Ok(second) => {
                self.cells.hedges.add();
                Some(second)
            }
            Err(_) => {
                self.cells.hedges_refused.add();
                None
            }
        }
    }

    fn second(
        self: &Arc<Self>,
        subset: Subset,
        tried: &[SocketAddr],
        key: u64,
        share: f32,
    ) -> Result<(Arc<Target>, Attempt), Unhedged> {
        self.may_hedge(share)?;
        let now = clock::now();
        let is_well = |target: &Arc<Target>| Standing::of(target, &self.settings, now) == Standing::Healthy;
        // No turn is used up: where requests go by turns, a hedge would shift those that follow to the target that it was to relieve.
        let target = self.peek(subset, tried, Some(key)).filter(is_well);
        let target = target.ok_or(Unhedged::NoOther)?;
        let permit = self.admit().map_err(|_| Unhedged::Breaker)?;
        // Last, since it is counted.
        if !self.state.hedges.hedge(share, now) {
            self.give_back(permit);
            return Err(Unhedged::Spent);
        }
        let attempt = Attempt::begin(self, &target, permit);
        Ok((target, attempt))
    }

    /// Whether a request may be hedged now, as far as that does not depend on the request. Nothing changes.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_hedge(&self, share: f32) -> Result<(), Unhedged> {
        if self.circuit() != State::Closed {
            return Err(Unhedged::Breaker);
        }
        if self.outlook(Level::Low) != Outlook::Free {
            return Err(Unhedged::Crowded);
        }
        match self.state.hedges.may_hedge(share, clock::now()) {
            true => Ok(()),
            false => Err(Unhedged::Spent),
        }
    }
}
