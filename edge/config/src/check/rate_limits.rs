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
    costs(config, report);
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

/// A request that takes more than a quota ever has is never let through.
fn costs(config: &Config, report: &mut Report<'_>) {
    for (name, route) in &config.routes {
        for (index, charge) in route.rate_limits.iter().enumerate() {
            let index = index.to_string();
            let path = ["routes", name, "rate_limits", &index, "cost"];
            let Some(limit) = config.rate_limits.get(&charge.limit) else {
                continue;
            };
            let (cost, most, of) = (charge.cost, limit.at_once(), &charge.limit);
            if cost == 0 {
                report.bad_value(
                    &path,
                    "0 is not charged; write at least `1`, or take the quota out here",
                );
            } else if cost > most {
                let words = format!(
                    "{cost} is more than `{of}` ever lets through at once ({most}), so that no request passes; lower it, or raise \
                     `rate_limits.{of}.{}`",
                    if limit.algorithm == Algorithm::Gcra {
                        "burst"
                    } else {
                        "rate"
                    }
                );
                report.bad_value(&path, words);
            }
        }
    }
}
