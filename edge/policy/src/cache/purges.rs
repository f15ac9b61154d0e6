//! The last purges, so that an answer asked for before one and arriving after it is not kept.

use super::Digest;
use std::collections::VecDeque;

/// Purges that are remembered. A fill that lasts longer than so many is not kept: what it missed is not known any more.
const REMEMBERED: usize = 1024;

/// A point between purges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// Remembers them.
#[derive(Debug, Default)]
pub struct Purges {
    last: VecDeque<Digest>,
    /// How many there were in all.
    count: u64,
    /// Nothing from before this point is kept.
    floor: u64,
}

impl Purges {
    /// Now.
    pub fn mark(&self) -> Mark {
        Mark(self.count)
    }

    /// One is purged.
    pub fn purged(&mut self, digest: Digest) {
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(digest);
        self.count += 1;
    }

    /// All are purged.
    pub fn all_purged(&mut self) {
        self.last.clear();
        self.count += 1;
        self.floor = self.count;
    }

    /// Whether something with these digests that was asked for at that point may still be kept.
    pub fn spares(&self, asked: Mark, digests: &[Digest]) -> bool {
        let remembered_from = self.count - self.last.len() as u64;
        if asked.0 < self.floor || asked.0 < remembered_from {
            return false;
        }
        let since = usize::try_from(asked.0 - remembered_from).unwrap_or(usize::MAX);
        !self.last.iter().skip(since).any(|purged| digests.contains(purged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_before_a_purge_of_it_is_not_kept() {
        let mut purges = Purges::default();
        let [one, other] = [Digest(1), Digest(2)];
        let before = purges.mark();
        assert!(purges.spares(before, &[one]));
        purges.purged(one);
        assert!(!purges.spares(before, &[other, one]) && purges.spares(before, &[other]));
        assert!(purges.spares(purges.mark(), &[one]));
        purges.all_purged();
        assert!(!purges.spares(before, &[other]) && purges.spares(purges.mark(), &[one, other]));
    }

    #[test]
    fn what_is_not_remembered_any_more_is_taken_for_purged() {
        let mut purges = Purges::default();
        let (before, fill) = (purges.mark(), Digest(7));
        for _ in 0..REMEMBERED {
            purges.purged(Digest(1));
        }
        assert!(purges.spares(before, &[fill]));
        purges.purged(Digest(1));
        assert!(!purges.spares(before, &[fill]));
    }
}
