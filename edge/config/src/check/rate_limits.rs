//! Quotas that let something through.

use super::Report;
use crate::{Config, Mode, diagnose::code};
use edge_policy::rate_limit::Algorithm;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, limit) in &config.rate_limits {
        let path = ["rate_limits", name, "burst"];
        match limit.burst {
            Some(0) => report.bad_value(&path, "0 lets nothing through; write at least `1`"),
            Some(_) if limit.algorithm == Algorithm::Window => {
                report.add(
                    code::CONTRADICTION,
                    &path,
                    "a window has no burst, its rate says all; take `burst` out, or write `algorithm: gcra`",
                );
            }
            _ => {}
        }
        if limit.mode == Mode::Leased && limit.algorithm == Algorithm::Window {
            let words = "a window cannot be lent in parts; write `algorithm: gcra`, or `mode: strict`";
            report.add(code::CONTRADICTION, &["rate_limits", name, "mode"], words);
        }
    }
    for (name, breaker) in &config.circuit_breakers {
        for (key, value) in [
            ("min_requests", breaker.min_requests),
            ("half_open_requests", breaker.half_open_requests),
        ] {
            if value == 0 {
                report.bad_value(
                    &["circuit_breakers", name, key],
                    "0 cannot be judged by; write at least `1`",
                );
            }
        }
    }
}
