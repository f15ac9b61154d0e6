//! Drawing targets at random in proportion to their weights, in constant time.

/// Numbers that look random, by SplitMix64: the same seed gives the same row, so that a look can foresee a choice.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The row of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(GOLDEN))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// The next number from 0 up to and without `below`; 0 if that is 0.
    pub fn below(&mut self, below: usize) -> usize {
        // Multiplied instead of divided: the bias is below 2^-32 for as many targets as there can be.
        ((u128::from(self.number()) * below as u128) >> 64) as usize
    }

    /// The next number from 0 up to and without 1.
    pub fn share(&mut self) -> f32 {
        (self.number() >> 40) as f32 / (1u64 << 24) as f32
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads close numbers far apart.
pub(super) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A number for some bytes that is the same on every edge (FNV-1a).
pub fn key(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Walker's alias table: two numbers and one comparison a draw, however many targets there are.
#[derive(Debug)]
pub(super) struct Draw {
    /// For each column, how often its own target is meant, and who is meant otherwise. Empty: nobody has a weight.
    columns: Vec<(f32, usize)>,
}

impl Draw {
    pub(super) fn new(weights: &[u32]) -> Self {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        if total == 0.0 {
            return Self { columns: Vec::new() };
        }
        let mut height: Vec<f64> = weights
            .iter()
            .map(|weight| f64::from(*weight) * weights.len() as f64 / total)
            .collect();
        let mut columns: Vec<(f32, usize)> = (0..weights.len()).map(|own| (1.0, own)).collect();
        let (mut low, mut high): (Vec<usize>, Vec<usize>) = (0..weights.len()).partition(|index| height[*index] < 1.0);
        // What a low column lacks, a high one fills.
        while let (Some(one), Some(other)) = (low.pop(), high.last().copied()) {
            columns[one] = (height[one] as f32, other);
            height[other] -= 1.0 - height[one];
            if height[other] < 1.0 {
                high.pop();
                low.push(other);
            }
        }
        Self { columns }
    }

    /// One target.
    pub(super) fn one(&self, random: &mut Random) -> Option<usize> {
        let column = random.below(self.columns.len());
        let (own, other) = self.columns.get(column)?;
        Some(if *own >= 1.0 || random.share() < *own {
            column
        } else {
            *other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Law: each is drawn as often as its weight says.
        #[test]
        fn draws_follow_the_weights(weights in prop::collection::vec(0u32..20, 1..12), seed: u64) {
            let draw = Draw::new(&weights);
            let total: u32 = weights.iter().sum();
            let (mut random, mut drawn) = (Random::new(seed), vec![0u32; weights.len()]);
            for _ in 0..20_000 {
                if let Some(index) = draw.one(&mut random) { drawn[index] += 1; }
            }
            if total == 0 { prop_assert!(drawn.iter().all(|drawn| *drawn == 0)); return Ok(()); }
            for (weight, drawn) in weights.iter().zip(drawn) {
                let want = f64::from(*weight) / f64::from(total);
                prop_assert!((f64::from(drawn) / 20_000.0 - want).abs() < 0.025, "{weight} of {total}: {drawn}");
            }
        }
    }
}
