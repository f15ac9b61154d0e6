//! All rules that take a host and a path, in the order of precedence.

use super::{
    hosts::{Hosts, Level},
    tree::{Entry, Tree},
    walk::Walk,
};
use std::slice;

/// Yields them with the host that they are found under, the most specific first. A rule may come more than once, by one
/// pattern after the other.
pub(super) struct Candidates<'t, 'p> {
    hosts: &'t Hosts,
    tree: &'t Tree,
    path: &'p str,
    level: Option<&'t Level>,
    walk: Option<Walk<'t, 'p>>,
    met: slice::Iter<'t, Entry>,
}

impl<'t, 'p> Candidates<'t, 'p> {
    /// Those of `level` and of the less specific hosts after it.
    pub(super) fn new(hosts: &'t Hosts, tree: &'t Tree, level: Option<&'t Level>, path: &'p str) -> Self {
        let mut candidates = Self {
            hosts,
            tree,
            path,
            level: None,
            walk: None,
            met: [].iter(),
        };
        candidates.enter(level);
        candidates
    }

    fn enter(&mut self, level: Option<&'t Level>) {
        self.level = level;
        self.walk = level.map(|level| Walk::new(self.tree, level.root, self.path));
    }
}

impl<'t> Iterator for Candidates<'t, '_> {
    type Item = (&'t Level, Entry);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let level = self.level?;
            if let Some(entry) = self.met.next() {
                return Some((level, *entry));
            }
            match self.walk.as_mut()?.next() {
                Some(entries) => self.met = entries.iter(),
                None => self.enter(self.hosts.next(level)),
            }
        }
    }
}
