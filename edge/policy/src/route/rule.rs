//! What a route takes.

use super::{HostPattern, Pattern};
use http::Method;

/// What a rule takes: requests of any of its hosts, for any of its paths, by any of its methods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Any of these paths.
    pub patterns: Vec<Pattern>,
    /// Any of these methods; none means all. `HEAD` comes along with `GET`.
    pub methods: Vec<Method>,
    /// Any of these hosts; none means all.
    pub hosts: Vec<HostPattern>,
}

impl Rule {
    pub(super) fn takes(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }

    /// The methods by name, `HEAD` included where it comes along; none means all.
    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> {
        let head = self.methods.contains(&Method::GET).then_some(&Method::HEAD);
        self.methods.iter().chain(head)
    }

    /// Its hosts; `None` is any host.
    pub(super) fn hosts(&self) -> impl Iterator<Item = Option<&HostPattern>> {
        let any = self.hosts.is_empty().then_some(None);
        any.into_iter().chain(self.hosts.iter().map(Some))
    }
}
