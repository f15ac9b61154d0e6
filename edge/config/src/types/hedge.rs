//! Key `hedge` of a route.

use crate::units::{HedgeAfter, Percent};
use edge_policy::hedge;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a GET or HEAD (in GraphQL: a query) that waits long is asked of a second instance too; the first answer counts, and the other
/// request is dropped. `hedge: {}` takes what is built in. Routes of clients that are bound to an instance (`sticky`) and streaming
/// routes are never hedged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hedge {
    /// From the first try's begin: a percentile of the upstream's answers of the last 30 s, `p50` to `p99.9` (below 50 answers nothing
    /// is hedged), or a time; at least 1 ms. `never` takes away what `defaults` have.
    pub after: HedgeAfter,
    /// Most hedges, as a share of the upstream's requests of the last 10 s that may be hedged.
    pub budget: Percent,
}

impl Hedge {
    /// The same, as the policy crate decides by it; none where nothing is hedged.
    pub fn to_policy(&self) -> Option<hedge::Terms> {
        let after = match self.after {
            HedgeAfter::Never => return None,
            HedgeAfter::Percentile(percentile) => hedge::After::Percentile(percentile),
            HedgeAfter::Time(time) => hedge::After::Time(*time),
        };
        let share = self.budget.ratio() as f32;
        Some(hedge::Terms { after, share })
    }
}

impl Default for Hedge {
    fn default() -> Self {
        Self {
            after: HedgeAfter::Percentile(hedge::Percentile::P95),
            budget: Percent::TWENTIETH,
        }
    }
}
