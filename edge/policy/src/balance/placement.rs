//! What an operator says about a target, over what the configuration says.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What an operator says about a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Placement {
    /// Nothing: the configuration holds.
    #[default]
    Configured,
    /// Another share of the traffic, at least 1.
    Weight(u32),
    /// Nobody new; clients that are bound to it stay until they leave.
    Drain,
    /// Nobody at all.
    Disable,
}

/// Who asks for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// One who may go anywhere.
    New,
    /// One whose session lives in this very target.
    Bound,
}

impl Placement {
    /// Whether such a client may go there, for all that its health says.
    pub fn admits(self, client: Client) -> bool {
        match self {
            Self::Configured | Self::Weight(_) => true,
            Self::Drain => client == Client::Bound,
            Self::Disable => false,
        }
    }

    /// The share of a target that the configuration gives `configured`.
    pub fn weight(self, configured: u32) -> u32 {
        match self {
            Self::Weight(weight) => weight,
            _ => configured,
        }
    }
}

/// A placement that requests read while it may change.
#[derive(Debug, Default)]
pub struct PlacementCell(AtomicU32);

const DRAIN: u32 = u32::MAX;
const DISABLE: u32 = u32::MAX - 1;
/// Heavier than any target; keeps weights apart from the two above.
const HEAVIEST: u32 = u32::MAX - 2;

impl PlacementCell {
    /// What is said now.
    pub fn get(&self) -> Placement {
        match self.0.load(Relaxed) {
            0 => Placement::Configured,
            DRAIN => Placement::Drain,
            DISABLE => Placement::Disable,
            weight => Placement::Weight(weight),
        }
    }

    /// Says something else.
    pub fn set(&self, placement: Placement) {
        let value = match placement {
            Placement::Configured => 0,
            Placement::Drain => DRAIN,
            Placement::Disable => DISABLE,
            Placement::Weight(weight) => weight.clamp(1, HEAVIEST),
        };
        self.0.store(value, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_draining_target_keeps_whom_it_has_and_a_disabled_one_nobody() {
        let admitted = |placement: Placement| [Client::New, Client::Bound].map(|client| placement.admits(client));
        assert_eq!(admitted(Placement::Configured), [true, true]);
        assert_eq!(admitted(Placement::Weight(3)), [true, true]);
        assert_eq!(admitted(Placement::Drain), [false, true]);
        assert_eq!(admitted(Placement::Disable), [false, false]);
        assert_eq!(
            [Placement::Weight(3), Placement::Drain].map(|placement| placement.weight(7)),
            [3, 7]
        );
    }

    proptest! {
        #[test]
        fn a_cell_gives_back_what_it_was_told(weight in 1..=HEAVIEST) {
            let cell = PlacementCell::default();
            prop_assert_eq!(cell.get(), Placement::Configured);
            for placement in [Placement::Weight(weight), Placement::Drain, Placement::Disable, Placement::Configured] {
                cell.set(placement);
                prop_assert_eq!(cell.get(), placement);
            }
        }
    }
}
