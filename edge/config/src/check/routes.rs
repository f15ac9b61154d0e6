//! Each route by itself.

use super::{
    Report, cache, compression, fallback, graphql, headers, hedge, matching, retries, serves, subsets, timeouts,
};
use crate::Config;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, route) in &config.routes {
        let at = |key| ["routes", name.as_str(), key];
        matching::check(name, &route.matches, report);
        serves::check(name, route, report);
        serves::bodies(name, route, config, report);
        subsets::check(name, route, config, report);
        if let Some(graphql) = &route.graphql {
            graphql::check(name, graphql, report);
        }
        cache::route(name, route, config, report);
        fallback::check(name, route, report);
        timeouts::check(name, route, report);
        retries::check(&at("retries"), &route.retries, report);
        hedge::check(name, route, config, report);
        headers::check(&at("headers"), &route.headers, report);
        if let Some(compression) = &route.compression {
            compression::check(&at("compression"), compression, report);
        }
    }
}
