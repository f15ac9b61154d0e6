//! How a route keeps answers.

use edge_config::{Config, Route};
use edge_policy::cache::{Secret, Terms};
use serde_json::json;
use std::time::Duration;

/// How a route keeps answers.
pub(crate) struct Caches {
    /// What is kept, and for how long.
    pub(crate) terms: Terms,
    /// Longest wait for another request that fetches the same.
    pub(crate) lock_timeout: Option<Duration>,
    /// Names all that decides what the route answers: with another configuration it begins with nothing kept.
    pub(crate) fingerprint: u128,
}

impl Caches {
    /// Of a route; none where it keeps nothing.
    pub(super) fn new(name: &str, route: &Route, config: &Config) -> Option<Self> {
        let cache = route.cache.as_ref()?;
        let decides = json!([
            name,
            cache,
            route.upstream,
            route.subset,
            route.rewrite,
            route.rewrite_prefix,
            route.headers.request,
            config.cache.max_object,
        ]);
        Some(Self {
            terms: cache.to_policy(config.cache.max_object),
            lock_timeout: cache.lock_timeout.map(|time| *time),
            // No secret: nobody but the operator chooses these.
            fingerprint: Secret::new(0, 0).digest(decides.to_string().as_bytes()).0,
        })
    }
}
