//! The configuration in canonical form.

use crate::{Config, secret::is_secret_field};
use serde_json::Value;

impl Config {
    /// The whole configuration as it takes effect: `defaults` merged, every built-in default written out, quantities in
    /// canonical text (`15s`, `1MiB`, `100/15m`), secrets hidden. But for those it is itself a valid `edge.yaml` (JSON is YAML).
    pub fn effective(&self) -> Value {
        // Maps have text keys and numbers are finite: this cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Writes out what a key's absence means, where another key decides that.
    pub(crate) fn settle(&mut self) {
        for limit in self.rate_limits.values_mut() {
            limit.settle();
        }
    }

    /// All secrets, by path: what [`Config::effective`] does not show.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (String, &str)> {
        let fields = self.routes.iter().flat_map(|(name, route)| {
            let sides = [
                ("request", &route.headers.request),
                ("response", &route.headers.response),
            ];
            sides.into_iter().flat_map(move |(side, changes)| {
                let secret = changes.set.iter().filter(|(field, _)| is_secret_field(field));
                secret.map(move |(field, value)| (format!("routes.{name}.headers.{side}.set.{field}"), value.as_str()))
            })
        });
        fields.chain([("redis.url".to_owned(), self.redis.url.as_str())])
    }
}
