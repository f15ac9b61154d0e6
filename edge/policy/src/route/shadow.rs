//! Rules that others keep from their requests.

use super::{HostPattern, Pattern, Rule};
use http::Method;
use std::collections::HashMap;

/// A rule that loses requests to one before it by nothing but its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadow {
    /// Place of the rule that loses.
    pub rule: usize,
    /// Place of the first rule that it loses to.
    pub by: usize,
    /// Place of the pattern, in the losing rule, that both have.
    pub pattern: usize,
    /// Whether it loses all it takes: it can never win. If not, the order of the file would decide for some methods, hosts or
    /// paths.
    pub whole: bool,
}

/// Finds rules that take the same requests as rules before them with equal precedence, in the order of the rules. What it
/// costs grows as hosts times patterns of all the rules.
///
/// Precedence is equal only under an equal pattern of the host and of the path (whatever the parameters' names). Nothing
/// else can keep a rule from winning: there is no end of names and segments, so however many exact hosts and literals come
/// first, some request is left for the wildcard, the template or the prefix; and some method for a rule with all of them.
pub fn shadowed<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Vec<Shadow> {
    let mut claims: HashMap<Key<'r>, Claims<'r>> = HashMap::new();
    let mut shadows = Vec::new();
    for (place, rule) in rules.into_iter().enumerate() {
        let keys: Vec<(Key<'r>, usize)> = keys(rule).collect();
        let known = |(key, pattern): &(Key<'r>, usize)| Some((claims.get(key)?.first(rule)?, *pattern));
        let first = keys.iter().filter_map(known).min_by_key(|(by, _)| *by);
        if let Some((by, pattern)) = first {
            let whole = keys
                .iter()
                .all(|(key, _)| claims.get(key).is_some_and(|claims| claims.take_all(rule)));
            shadows.push(Shadow {
                rule: place,
                by,
                pattern,
                whole,
            });
        }
        for (key, _) in keys {
            claims.entry(key).or_default().add(place, rule);
        }
    }
    shadows
}

/// Rules with the same key have the same precedence; `None` is any host.
type Key<'r> = (Option<&'r HostPattern>, Pattern);

fn keys(rule: &Rule) -> impl Iterator<Item = (Key<'_>, usize)> {
    rule.hosts().flat_map(|host| {
        let patterns = rule.patterns.iter().enumerate();
        patterns.map(move |(place, pattern)| ((host, pattern.shape()), place))
    })
}

/// Who takes which methods first. Places are given in rising order.
#[derive(Debug, Default)]
struct Claims<'r> {
    any: Option<usize>,
    all: Option<usize>,
    methods: HashMap<&'r Method, usize>,
}

impl<'r> Claims<'r> {
    /// The first that takes a method of this rule.
    fn first(&self, rule: &Rule) -> Option<usize> {
        if rule.methods.is_empty() {
            return self.any;
        }
        let named = rule.methods().filter_map(|method| self.methods.get(method).copied());
        named.chain(self.all).min()
    }

    fn take_all(&self, rule: &Rule) -> bool {
        let named = || rule.methods().all(|method| self.methods.contains_key(method));
        self.all.is_some() || (!rule.methods.is_empty() && named())
    }

    fn add(&mut self, place: usize, rule: &'r Rule) {
        self.any.get_or_insert(place);
        if rule.methods.is_empty() {
            self.all.get_or_insert(place);
        }
        for method in rule.methods() {
            self.methods.entry(method).or_insert(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::tests::{rule, rule_at};

    fn found(rules: &[Rule]) -> Vec<(usize, usize, bool)> {
        shadowed(rules)
            .iter()
            .map(|one| (one.rule, one.by, one.whole))
            .collect()
    }

    const GET: Method = Method::GET;
    const POST: Method = Method::POST;

    #[test]
    fn equal_paths_clash_and_others_do_not() {
        let clash = |one: &str, other: &str| found(&[rule(&[one], &[]), rule(&[other], &[])]);
        assert_eq!(clash("/a", "/a"), [(1, 0, true)]);
        assert_eq!(clash("/a/{x}", "/a/{y}"), [(1, 0, true)]);
        assert_eq!(clash("/a*", "/a/*"), [(1, 0, true)]);
        for (one, other) in [
            ("/a", "/a*"),
            ("/a*", "/a"),
            ("/a*", "/a/b*"),
            ("/a/{x}", "/{x}/a"),
            ("/a/{x}", "/a/b"),
            ("/*", "/{x}"),
        ] {
            assert_eq!(clash(one, other), [], "{one} {other}");
        }
    }

    #[test]
    fn methods_are_lost_one_by_one() {
        let all =
            |methods: &[&[Method]]| found(&methods.iter().map(|methods| rule(&["/a"], methods)).collect::<Vec<_>>());
        assert_eq!(all(&[&[GET], &[POST]]), []);
        assert_eq!(all(&[&[GET], &[GET, POST]]), [(1, 0, false)]);
        assert_eq!(all(&[&[GET, POST], &[GET]]), [(1, 0, true)]);
        assert_eq!(all(&[&[], &[GET]]), [(1, 0, true)]);
        assert_eq!(all(&[&[GET], &[]]), [(1, 0, false)]);
        assert_eq!(
            all(&[&[GET], &[Method::HEAD]]),
            [(1, 0, true)],
            "HEAD comes along with GET"
        );
        assert_eq!(all(&[&[Method::HEAD], &[GET]]), [(1, 0, false)]);
        assert_eq!(all(&[&[POST], &[GET], &[GET, POST]]), [(2, 0, true)], "by two together");
    }

    #[test]
    fn hosts_and_paths_are_lost_one_by_one() {
        let at = |hosts: &[&str]| rule_at(hosts, &["/a"], &[]);
        assert_eq!(found(&[at(&[]), at(&["a.com"]), at(&["*.com"]), at(&["*.a.com"])]), []);
        assert_eq!(found(&[at(&["a.com"]), at(&["A.com"])]), [(1, 0, true)]);
        assert_eq!(found(&[at(&["a.com"]), at(&["b.com", "a.com"])]), [(1, 0, false)]);
        assert_eq!(
            found(&[at(&["a.com"]), at(&["b.com"]), at(&["b.com", "a.com"])]),
            [(2, 0, true)]
        );
        let both = [rule(&["/a"], &[]), rule(&["/b", "/a"], &[])];
        assert_eq!(found(&both), [(1, 0, false)]);
        assert_eq!(shadowed(&both)[0].pattern, 1);
        assert_eq!(
            found(&[rule(&["/a", "/a", "/a/{x}", "/a/{y}"], &[])]),
            [],
            "it does not hide itself"
        );
    }

    #[test]
    fn two_thousand_rules_are_compared_by_what_they_have_in_common() {
        let rules: Vec<Rule> = (0..2_000)
            .map(|n| rule(&[&format!("/a/{}", n % 1_999)], &[GET]))
            .collect();
        assert_eq!(found(&rules), [(1_999, 0, true)]);
    }
}
