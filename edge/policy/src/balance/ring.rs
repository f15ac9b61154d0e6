//! Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2016): the same key goes to the same target, unless that
//! one has far more to do than the others; a target that comes or goes moves only the keys that are its own.

use super::draw::mix;

/// Places on the ring for one share of weight; all together no more than [`MOST`].
const PLACES: usize = 64;
const MOST: usize = 65_536;
/// How far above its fair part of all requests under way a target may be.
const SLACK: f32 = 1.25;

/// Where keys live. Names of targets make the places, so that every edge has the same ring.
#[derive(Debug)]
pub(super) struct Ring {
    /// Places by hash, each with its target's index.
    places: Vec<(u64, u32)>,
    /// Each target's part of all weight.
    parts: Vec<f32>,
}

impl Ring {
    /// `targets` are a lasting number of each (of its address), and its weight.
    pub(super) fn new(targets: &[(u64, u32)]) -> Self {
        let total: f32 = targets.iter().map(|(_, weight)| *weight as f32).sum();
        let lightest = targets
            .iter()
            .map(|(_, weight)| *weight)
            .filter(|weight| *weight > 0)
            .min()
            .unwrap_or(1);
        let each = (MOST as f32 * lightest as f32 / total.max(1.0)).clamp(1.0, PLACES as f32);
        let mut places = Vec::new();
        for (index, (name, weight)) in targets.iter().enumerate() {
            let count = each * *weight as f32 / lightest as f32;
            let hashes =
                (0..count.ceil() as u64).map(|place| mix(mix(*name).wrapping_add(place.wrapping_mul(0x9e37_79b9))));
            places.extend(hashes.map(|hash| (hash, index as u32)));
        }
        places.sort_unstable();
        Self {
            places,
            parts: targets
                .iter()
                .map(|(_, weight)| *weight as f32 / total.max(1.0))
                .collect(),
        }
    }

    /// The first open target from the key's place on that is not overloaded; the first open one if all are.
    pub(super) fn find(
        &self,
        key: u64,
        in_flight: impl Fn(usize) -> u32,
        all_in_flight: u32,
        is_open: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let key = mix(key);
        let start = self.places.partition_point(|(hash, _)| *hash < key);
        let around = self.places[start..].iter().chain(&self.places[..start]);
        let mut first = None;
        let mut last = usize::MAX;
        for index in around.map(|(_, index)| *index as usize) {
            if index == last || !is_open(index) {
                continue;
            }
            last = index;
            let bound = (all_in_flight + 1) as f32 * self.parts[index] * SLACK;
            if (in_flight(index) as f32) < bound.ceil() {
                return Some(index);
            }
            first.get_or_insert(index);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn home(ring: &Ring, key: u64) -> usize {
        ring.find(key, |_| 0, 0, |_| true).unwrap()
    }

    proptest! {
        /// Law: a target that goes takes nobody's key with it but its own.
        #[test]
        fn only_the_keys_of_the_lost_move(count in 2u64..12, lost in 0u64..12, seed: u64) {
            let lost = (lost % count) as usize;
            let ring = Ring::new(&(0..count).map(|name| (name ^ seed, 1)).collect::<Vec<_>>());
            for key in 0..500 {
                let before = home(&ring, key);
                let after = ring.find(key, |_| 0, 0, |index| index != lost).unwrap();
                prop_assert!(before == lost || before == after);
            }
        }

        /// Law: nobody gets more than its bound while others are below theirs.
        #[test]
        fn loads_are_bounded(weights in prop::collection::vec(1u32..5, 2..8), keys in prop::collection::vec(0u64..3, 1..200)) {
            let targets: Vec<(u64, u32)> = (0..).zip(weights.iter().copied()).collect();
            let ring = Ring::new(&targets);
            let total: u32 = weights.iter().sum();
            let mut load = vec![0u32; weights.len()];
            for (all, key) in (0u32..).zip(keys) {
                let index = ring.find(key, |index| load[index], all, |_| true).unwrap();
                load[index] += 1;
                let bound = (all + 1) as f32 * weights[index] as f32 / total as f32 * SLACK;
                prop_assert!(load[index] as f32 <= (bound + 0.01).ceil());
            }
        }
    }

    #[test]
    fn keys_spread_by_weight() {
        let ring = Ring::new(&[(1, 1), (2, 1), (3, 2)]);
        let mut counts = [0; 3];
        (0..40_000).for_each(|key| counts[home(&ring, key)] += 1);
        assert!(
            counts[2] > 15_000 && counts[2] < 25_000 && counts[0] > 6_000,
            "{counts:?}"
        );
        assert_eq!(Ring::new(&[]).find(1, |_| 0, 0, |_| true), None);
    }
}
