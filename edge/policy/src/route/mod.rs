//! Which route takes a request: exact before template before the longest prefix; the order in the file never matters.

mod pattern;

pub use pattern::{Pattern, PatternError};

use crate::path::is_under;
use http::Method;
use pattern::{fits, is_parameter};
use std::collections::HashMap;

/// Paths below this are the services' own and are never routed.
pub const INTERNAL: &str = "/internal";

/// What a rule takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Any of these paths.
    pub patterns: Vec<Pattern>,
    /// Any of these methods; none means all. `HEAD` comes along with `GET`.
    pub methods: Vec<Method>,
}

impl Rule {
    fn takes(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

impl Rule {
    /// Whether some method is taken by both rules.
    pub fn meets(&self, other: &Self) -> bool {
        let all = self.methods.is_empty() || other.methods.is_empty();
        all || self.methods.iter().any(|method| other.takes(method)) || other.methods.iter().any(|m| self.takes(m))
    }
}

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

/// Compiled routes. A look-up costs as many hash look-ups as the path has segments, whatever the number of routes.
#[derive(Debug, Clone)]
pub struct RouteTable<T> {
    routes: Vec<(Rule, T)>,
    exact: HashMap<String, Vec<usize>>,
    /// By number of segments; within it, those with literal segments further left come first.
    templates: HashMap<usize, Vec<(String, usize)>>,
    prefixes: HashMap<String, Vec<usize>>,
}

impl<T> RouteTable<T> {
    /// Compiles rules. Of rules that take the very same requests the first wins; the configuration's checks refuse such
    /// files.
    pub fn new(routes: impl IntoIterator<Item = (Rule, T)>) -> Self {
        let routes: Vec<_> = routes.into_iter().collect();
        let mut table = Self {
            routes: Vec::new(),
            exact: HashMap::new(),
            templates: HashMap::new(),
            prefixes: HashMap::new(),
        };
        for (index, (rule, _)) in routes.iter().enumerate() {
            for pattern in &rule.patterns {
                match pattern.clone() {
                    Pattern::Exact(path) => table.exact.entry(path).or_default().push(index),
                    Pattern::Prefix(path) => table.prefixes.entry(path).or_default().push(index),
                    Pattern::Template(path) => {
                        table
                            .templates
                            .entry(path.split('/').count())
                            .or_default()
                            .push((path, index));
                    }
                }
            }
        }
        for templates in table.templates.values_mut() {
            templates.sort_by_key(|(path, _)| path.split('/').map(is_parameter).collect::<Vec<_>>());
        }
        table.routes = routes;
        table
    }

    /// The route of a request. Where the most specific pattern has not the method, the next one is asked.
    pub fn find(&self, path: &str, method: &Method) -> Found<'_, T> {
        if is_under(path, INTERNAL) {
            return Found::NotFound;
        }
        let mut refused = Vec::new();
        for index in self.candidates(path) {
            let (rule, route) = &self.routes[index];
            if rule.takes(method) {
                return Found::Route(route);
            }
            refused.push(rule);
        }
        if refused.is_empty() {
            Found::NotFound
        } else {
            Found::MethodNotAllowed { allow: allow(&refused) }
        }
    }

    /// All routes of a path, the most specific first.
    fn candidates<'a>(&'a self, path: &'a str) -> impl Iterator<Item = usize> + 'a {
        let exact = self.exact.get(path).into_iter().flatten().copied();
        let templates = self.templates.get(&path.split('/').count()).into_iter().flatten();
        let templates = templates
            .filter(move |(template, _)| fits(template, path))
            .map(|(_, index)| *index);
        let prefixes = ancestors(path)
            .filter_map(|prefix| self.prefixes.get(prefix))
            .flatten()
            .copied();
        exact.chain(templates).chain(prefixes)
    }
}

/// The path and every prefix of it that ends at a segment, the longest first, down to the empty one (the prefix `/`).
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rfind('/').map(|slash| &path[..slash]))
}

fn allow(rules: &[&Rule]) -> String {
    let mut names: Vec<&str> = rules
        .iter()
        .flat_map(|rule| &rule.methods)
        .map(Method::as_str)
        .collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

#[cfg(test)]
mod tests;
