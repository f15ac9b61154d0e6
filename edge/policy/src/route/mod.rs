//! Which route takes a request. First by host: exact before the longest wildcard before any host. Then by path: exact
//! before template (the literal further left wins) before the longest prefix. Where the most specific rule has not the
//! method, the next one is asked. The order in the file never matters.
//!
//! A request that no rule of its own host takes, path and method together, goes on to the rules of less specific hosts. The
//! Gateway API reads so: it ranks the rules that match a request. Envoy does not, it chooses a virtual host and then knows no
//! other: one path for one host hides every route that is meant for all hosts, which surprises whoever adds it. A host that
//! shall have nothing in common with the others says so with a rule of its own for the prefix `/`.

mod candidates;
mod explain;
mod host;
mod hosts;
mod pattern;
mod rule;
mod shadow;
mod tree;
mod walk;

pub use explain::{Candidate, Explanation, Verdict};
pub use host::{HostError, HostPattern};
pub use pattern::{Pattern, PatternError, parameter};
pub use rule::Rule;
pub use shadow::{Shadow, shadowed};

use crate::path::is_under;
use candidates::Candidates;
use hosts::Hosts;
use http::Method;
use tree::{Entry, Tree};

/// Paths below this are the services' own and are never routed.
pub const INTERNAL: &str = "/internal";

/// What became of a look-up.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a, T> {
    /// This route.
    Route(&'a T),
    /// The path exists, the method does not: 405, with this `Allow`.
    MethodNotAllowed {
        /// The methods there are, joined by commas.
        allow: String,
    },
    /// No such path: 404.
    NotFound,
}

/// Compiled routes. A look-up walks a tree of segments: what it costs depends on the path, hardly on how many routes there
/// are, and a successful one allocates nothing.
#[derive(Debug, Clone)]
pub struct RouteTable<T> {
    routes: Vec<(Rule, T)>,
    hosts: Hosts,
    tree: Tree,
}

impl<T> RouteTable<T> {
    /// Compiles rules. Of rules that take the very same requests the first wins; the configuration's checks refuse such
    /// files, see [`shadowed`].
    pub fn new(routes: impl IntoIterator<Item = (Rule, T)>) -> Self {
        let routes: Vec<_> = routes.into_iter().collect();
        let mut tree = Tree::default();
        let mut hosts = Hosts::new(tree.root());
        for (route, (rule, _)) in routes.iter().enumerate() {
            for host in rule.hosts() {
                let root = hosts.root(host, || tree.root());
                for (pattern, shape) in rule.patterns.iter().enumerate() {
                    tree.insert(root, shape, Entry { route, pattern });
                }
            }
        }
        hosts.link();
        Self { routes, hosts, tree }
    }

    /// The route of a request. `host` is the `Host` (or `:authority`) that the client asked for; its port is ignored, and
    /// without one only rules for any host are asked. The path is in normal form, see [`crate::path::normalise`].
    pub fn find(&self, host: Option<&str>, path: &str, method: &Method) -> Found<'_, T> {
        let mut is_path = false;
        for (_, entry) in self.candidates(host, path) {
            let (rule, route) = &self.routes[entry.route];
            if rule.takes(method) {
                return Found::Route(route);
            }
            is_path = true;
        }
        if is_path {
            let allow = self.allow(host, path);
            Found::MethodNotAllowed { allow }
        } else {
            Found::NotFound
        }
    }

    /// All that take a host and a path, the most specific first. What is found and what is explained comes from here.
    fn candidates<'t, 'p>(&'t self, host: Option<&str>, path: &'p str) -> Candidates<'t, 'p> {
        let level = (!is_under(path, INTERNAL)).then(|| self.hosts.most_specific(host));
        Candidates::new(&self.hosts, &self.tree, level, path)
    }

    fn allow(&self, host: Option<&str>, path: &str) -> String {
        let rules = self
            .candidates(host, path)
            .map(|(_, entry)| &self.routes[entry.route].0);
        let mut names: Vec<&str> = rules.flat_map(Rule::methods).map(Method::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

/// Where an ASCII byte is. In texts as short as segments and labels, `str::find` costs more to begin than this to end.
fn position(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|found| found == byte)
}

#[cfg(test)]
mod tests;
