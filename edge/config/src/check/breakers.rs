//! Each circuit breaker by itself.

use super::Report;
use crate::Config;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, breaker) in &config.circuit_breakers {
        let counts = [
            ("min_requests", Some(breaker.min_requests)),
            ("half_open_requests", Some(breaker.half_open_requests)),
            ("max_requests", breaker.max_requests),
            ("max_requests_per_target", breaker.max_requests_per_target),
        ];
        for (key, count) in counts {
            if count == Some(0) {
                let path = ["circuit_breakers", name, key];
                report.bad_value(&path, "0; at least one request is needed: write `1` or more");
            }
        }
    }
}
