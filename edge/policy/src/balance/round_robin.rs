//! Smooth weighted round robin without a lock: the order is computed once, a counter walks it.

use super::Random;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An order of up to so many turns is looked through where a turn's own target cannot take it.
const SHORT: usize = 64;
/// In longer ones so many others are drawn before all are looked through.
const DRAWS: usize = 8;

/// Hands out the indices of targets in proportion to their weights, evenly spread (nginx's smooth weighted order).
#[derive(Debug)]
pub struct RoundRobin {
    order: Vec<usize>,
    next: AtomicUsize,
}

impl RoundRobin {
    /// For targets of these weights. A weight of 0 takes no requests; each costs as many entries as its weight after
    /// division by the common divisor, so keep them small.
    pub fn new(weights: &[u32]) -> Self {
        Self {
            order: smooth(weights),
            next: AtomicUsize::new(0),
        }
    }

    /// The next target among those `eligible` says yes to; `None` if there is none. The shares of the others go to all
    /// the eligible in proportion, not to whoever comes next in the order: exactly over whole rounds in a short order, by drawing in
    /// a long one.
    pub fn pick(&self, eligible: impl Fn(usize) -> bool) -> Option<usize> {
        self.holder(self.take(), eligible)
    }

    /// Takes the next turn.
    pub fn take(&self) -> Turn {
        Turn(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The turn that [`RoundRobin::take`] would give now. It stays the next.
    pub fn peek(&self) -> Turn {
        Turn(self.next.load(Ordering::Relaxed))
    }

    /// Whose turn it is, see [`RoundRobin::pick`].
    pub fn holder(&self, Turn(ticket): Turn, eligible: impl Fn(usize) -> bool) -> Option<usize> {
        let length = self.order.len();
        let place = ticket.checked_rem(length)?;
        if eligible(self.order[place]) {
            return Some(self.order[place]);
        }
        if length > SHORT {
            // To count the eligible among hundreds would cost more than all the rest of a choice. The turn decides who is drawn, so
            // that a look foresees it.
            let mut random = Random::new(!ticket as u64);
            let drawn = (0..DRAWS).map(|_| self.order[random.below(length)]);
            if let Some(drawn) = { drawn }.find(|target| eligible(*target)) {
                return Some(drawn);
            }
        }
        // The others take this turn in turns. Health may change meanwhile: fall back on any that still is eligible.
        let able = || self.order.iter().copied().filter(|&target| eligible(target));
        let nth = (ticket / length + place).checked_rem(able().count())?;
        able().nth(nth).or_else(|| able().next())
    }
}

/// A turn in the order.
#[derive(Debug, Clone, Copy)]
pub struct Turn(pub(super) usize);

impl Turn {
    /// Its number, counted from 0.
    pub fn number(self) -> u64 {
        self.0 as u64
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Each turn everybody gains its weight, the richest is chosen and pays the total.
fn smooth(weights: &[u32]) -> Vec<usize> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    let weights: Vec<i64> = weights.iter().map(|weight| i64::from(weight / divisor)).collect();
    let total: i64 = weights.iter().sum();
    let mut current = vec![0i64; weights.len()];
    let mut order = Vec::new();
    for _ in 0..total {
        for (value, weight) in current.iter_mut().zip(&weights) {
            *value += weight;
        }
        // The first of equals, so that the order of the file is the order of the walk.
        let Some(best) = (0..current.len()).rev().max_by_key(|&index| current[index]) else {
            break;
        };
        current[best] -= total;
        order.push(best);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take(robin: &RoundRobin, n: usize, eligible: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..n).filter_map(|_| robin.pick(&eligible)).collect()
    }

    #[test]
    fn takes_turns_and_spreads_weights() {
        assert_eq!(take(&RoundRobin::new(&[1, 1, 1]), 6, |_| true), [0, 1, 2, 0, 1, 2]);
        assert_eq!(
            take(&RoundRobin::new(&[5, 1, 1]), 7, |_| true),
            [0, 0, 1, 0, 2, 0, 0],
            "nginx's own example"
        );
        assert_eq!(take(&RoundRobin::new(&[50, 100]), 3, |_| true), [1, 0, 1]);
    }

    #[test]
    fn the_share_of_the_sick_goes_to_all_others() {
        let picked = take(&RoundRobin::new(&[1, 1, 1]), 100, |target| target != 1);
        assert_eq!(picked.iter().filter(|&&target| target == 0).count(), 50);
        assert_eq!(picked.iter().filter(|&&target| target == 2).count(), 50);
        assert!(take(&RoundRobin::new(&[1, 1]), 3, |_| false).is_empty());
        assert!(take(&RoundRobin::new(&[]), 3, |_| true).is_empty());
        assert!(take(&RoundRobin::new(&[0, 0]), 3, |_| true).is_empty());
    }

    proptest! {
        /// Law: a look names whom the next pick names, whatever was looked at before.
        #[test]
        fn a_look_uses_up_nobody_s_turn(weights in prop::collection::vec(0u32..5, 0..5), mask: u8, looks in prop::collection::vec(0usize..3, 0..20)) {
            let eligible = |target: usize| mask & (1 << target) != 0;
            let robin = RoundRobin::new(&weights);
            for looks in looks {
                let seen: Vec<_> = (0..looks).map(|_| robin.holder(robin.peek(), eligible)).collect();
                let picked = robin.pick(eligible);
                prop_assert!(seen.into_iter().all(|seen| seen == picked));
            }
        }

        /// Law: among many targets too each has its exact share of a round when all are well, and its part of what the sick leave.
        #[test]
        fn shares_are_fair_among_many(weights in prop::collection::vec(1u32..4, 70..120), sick in 2usize..12, first in 0usize..12) {
            let robin = RoundRobin::new(&weights);
            let length = robin.order.len();
            let picked = take(&robin, length, |_| true);
            let divisor = weights.iter().copied().fold(0, gcd);
            for (index, weight) in weights.iter().enumerate() {
                prop_assert_eq!(picked.iter().filter(|&&p| p == index).count(), (weight / divisor) as usize);
            }
            let eligible = |target: usize| target % sick != first % sick;
            let able: u32 = (0..weights.len()).filter(|&index| eligible(index)).map(|index| weights[index] / divisor).sum();
            let rounds = 200;
            let picked = take(&robin, length * rounds, eligible);
            prop_assert_eq!(picked.len(), length * rounds);
            for (index, weight) in weights.iter().enumerate() {
                let count = picked.iter().filter(|&&p| p == index).count() as f64;
                let share = f64::from(weight / divisor) / f64::from(able);
                let want = if eligible(index) { share * picked.len() as f64 } else { 0.0 };
                prop_assert!((count - want).abs() <= want * 0.35, "{index}: {count} for {want}");
            }
        }

        /// Law: over as many rounds as there are eligible turns each eligible target gets exactly its weight's share.
        #[test]
        fn shares_are_exact(weights in prop::collection::vec(1u32..8, 1..6), mask: u8, rounds in 1usize..4) {
            let eligible = |target: usize| mask & (1 << target) != 0;
            let divisor = weights.iter().copied().fold(0, gcd);
            let sum = |of: &dyn Fn(usize) -> bool| {
                let chosen = weights.iter().enumerate().filter(|(index, _)| of(*index));
                chosen.map(|(_, weight)| (weight / divisor) as usize).sum::<usize>()
            };
            let (all, able) = (sum(&|_| true), sum(&eligible));
            let robin = RoundRobin::new(&weights);
            let picked = take(&robin, rounds * all * able, eligible);
            for (index, weight) in weights.iter().enumerate() {
                let want = if eligible(index) { rounds * all * (weight / divisor) as usize } else { 0 };
                prop_assert_eq!(picked.iter().filter(|&&p| p == index).count(), want);
            }
        }
    }
}
