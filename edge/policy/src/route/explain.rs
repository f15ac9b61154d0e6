//! Why a request goes to its route and to no other.

use super::{Found, HostPattern, INTERNAL, Pattern, RouteTable, Rule, hosts::Level, tree::Entry, walk::Walk};
use crate::path::is_under;
use http::Method;
use std::mem;

/// A decision of [`RouteTable::find`], with all that could have been chosen.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation<'a, T> {
    /// What `find` answers.
    pub found: Found<'a, T>,
    /// Every rule that takes the path, once: in the order in which they are asked, then those of other hosts. None where
    /// the path is the services' own ([`INTERNAL`]).
    pub candidates: Vec<Candidate<'a, T>>,
}

/// A rule that takes the path.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate<'a, T> {
    /// Its route.
    pub route: &'a T,
    /// The rule.
    pub rule: &'a Rule,
    /// The pattern of it that takes the path.
    pub pattern: &'a Pattern,
    /// The pattern of it that takes the host, or would have to; `None` is any host.
    pub host: Option<&'a HostPattern>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the request.
    Wins,
    /// It has not the method.
    Method,
    /// It would take the request if there were not a more specific one.
    Outranked,
    /// It is for other hosts.
    Host,
}

impl<T> RouteTable<T> {
    /// What [`RouteTable::find`] answers, and why.
    pub fn explain(&self, host: Option<&str>, path: &str, method: &Method) -> Explanation<'_, T> {
        let found = self.find(host, path, method);
        let mut candidates: Vec<Candidate<'_, T>> = Vec::new();
        let mut listed = vec![false; self.routes.len()];
        let mut is_won = false;
        for (level, entry) in self.candidates(host, path) {
            if !mem::replace(&mut listed[entry.route], true) {
                let candidate = self.candidate(level, entry, |rule| match (rule.takes(method), is_won) {
                    (false, _) => Verdict::Method,
                    (true, false) => Verdict::Wins,
                    (true, true) => Verdict::Outranked,
                });
                is_won |= candidate.verdict == Verdict::Wins;
                candidates.push(candidate);
            }
        }
        // What is not listed by now was not asked, because of the host alone.
        let others = if is_under(path, INTERNAL) {
            &[]
        } else {
            self.hosts.levels()
        };
        for level in others {
            for entry in Walk::new(&self.tree, level.root, path).flatten() {
                if !mem::replace(&mut listed[entry.route], true) {
                    candidates.push(self.candidate(level, *entry, |_| Verdict::Host));
                }
            }
        }
        Explanation { found, candidates }
    }

    fn candidate<'t>(
        &'t self,
        level: &'t Level,
        entry: Entry,
        judge: impl FnOnce(&Rule) -> Verdict,
    ) -> Candidate<'t, T> {
        let (rule, route) = &self.routes[entry.route];
        Candidate {
            route,
            rule,
            pattern: &rule.patterns[entry.pattern],
            host: level.host.as_ref(),
            verdict: judge(rule),
        }
    }
}
