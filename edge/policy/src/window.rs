//! Counts over a sliding time, without a lock.

use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

/// Parts that a window slides by.
const PARTS: usize = 10;

/// Counts of `K` kinds of things over the last while. It slides by a tenth of its length. Where many threads meet at the turn of
/// a tenth, a few of their counts may be lost: it is made for judging rates.
#[derive(Debug)]
pub struct Window<const K: usize> {
    parts: [Part<K>; PARTS],
}

#[derive(Debug)]
struct Part<const K: usize> {
    /// Which tenth since the clock began it counts, plus one; 0: none.
    which: AtomicU64,
    counts: [AtomicU32; K],
}

impl<const K: usize> Default for Window<K> {
    fn default() -> Self {
        let part = |_| Part {
            which: AtomicU64::new(0),
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
        };
        Self {
            parts: std::array::from_fn(part),
        }
    }
}

/// The tenth of a window of `length` that `now` is in, counted from 1.
fn tenth(now: Duration, length: Duration) -> u64 {
    let part = (length.as_micros() as u64 / PARTS as u64).max(1);
    now.as_micros() as u64 / part + 1
}

impl<const K: usize> Window<K> {
    /// Counts one of each of these kinds. `length` is the window's, and the same at each call.
    pub fn add(&self, now: Duration, length: Duration, kinds: &[usize]) {
        let which = tenth(now, length);
        let part = &self.parts[(which % PARTS as u64) as usize];
        let before = part.which.load(Acquire);
        if before != which && part.which.compare_exchange(before, which, AcqRel, Acquire).is_ok() {
            part.counts.iter().for_each(|count| count.store(0, Relaxed));
        }
        for kind in kinds {
            part.counts[*kind].fetch_add(1, Relaxed);
        }
    }

    /// The counts of the window that ends now.
    pub fn sums(&self, now: Duration, length: Duration) -> [u64; K] {
        let last = tenth(now, length);
        let mut sums = [0; K];
        for part in &self.parts {
            let which = part.which.load(Acquire);
            if which != 0 && which <= last && last - which < PARTS as u64 {
                let counts = sums.iter_mut().zip(&part.counts);
                counts.for_each(|(sum, count)| *sum += u64::from(count.load(Relaxed)));
            }
        }
        sums
    }

    /// The counts of the tenth that `now` is in.
    pub fn newest(&self, now: Duration, length: Duration) -> [u64; K] {
        let which = tenth(now, length);
        let part = &self.parts[(which % PARTS as u64) as usize];
        if part.which.load(Acquire) != which {
            return [0; K];
        }
        std::array::from_fn(|kind| u64::from(part.counts[kind].load(Relaxed)))
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.parts.iter().for_each(|part| part.which.store(0, Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: Duration = Duration::from_secs(10);

    proptest! {
        /// Law: the sums are those of all that came in this tenth and the nine before it.
        #[test]
        fn it_remembers_its_length_and_no_more(steps in prop::collection::vec((0u64..4_000, 0usize..2), 1..200)) {
            let window = Window::<2>::default();
            let (mut now, mut all) = (0, Vec::new());
            for (step, kind) in steps {
                now += step;
                let at = Duration::from_millis(now);
                window.add(at, LENGTH, &[kind]);
                all.push((now / 1_000, kind));
                let kept = all.iter().filter(|(second, _)| second + 10 > now / 1_000);
                let mut want = [0; 2];
                kept.for_each(|(_, kind)| want[*kind] += 1);
                prop_assert_eq!(window.sums(at, LENGTH), want);
                let of_now = all.iter().filter(|(second, of)| *second == now / 1_000 && *of == kind).count();
                prop_assert_eq!(window.newest(at, LENGTH)[kind], of_now as u64);
            }
            window.clear();
            prop_assert_eq!(window.sums(Duration::from_millis(now), LENGTH), [0; 2]);
        }
    }
}
