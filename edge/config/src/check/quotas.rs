//! Quotas that can never refuse anybody.

use super::{NOT_YET, Report};
use crate::{Auth, Charge, Config, RateLimit, Route, When, diagnose::code};
use edge_policy::rate_limit::Algorithm;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, limit) in &config.rate_limits {
        let users: Vec<&Route> = config.routes.values().filter(|route| route.lists(name)).collect();
        if users.is_empty() {
            // Told as unused.
            continue;
        }
        if let Some(words) = never(limit, &users)
            .map(str::to_owned)
            .or_else(|| looser(name, limit, &users, config))
        {
            let entry = report
                .tree()
                .entry("rate_limits")
                .and_then(|section| section.node.entry(name));
            let at = entry.map(|entry| entry.key_at).unwrap_or_default();
            report.add_at(
                code::NEVER_ACTS,
                at,
                &["rate_limits", name],
                format!("rate_limits.{name} {words}"),
            );
        }
        if !limit.enforce && !NOT_YET.iter().any(|row| row.key == "rate_limits.*.enforce") {
            let words = "it only counts and refuses nobody; take `enforce: false` out once you trust it";
            report.add(code::DRY_RUN, &["rate_limits", name, "enforce"], words);
        }
    }
    listed(config, report);
}

/// Why a quota concerns nobody on the routes that list it.
fn never(limit: &RateLimit, users: &[&Route]) -> Option<&'static str> {
    let public = |route: &&Route| matches!(route.auth, Auth::Public);
    let required = |route: &&Route| matches!(route.auth, Auth::Jwt { optional: false, .. });
    let needs_token = limit.key_by().needs_token() || limit.when == Some(When::Authenticated);
    if needs_token && users.iter().all(public) {
        return Some("counts signed-in users, and every route that lists it is public; list it where tokens are read");
    }
    if limit.when == Some(When::Anonymous) && limit.key_by().needs_token() {
        return Some(
            "counts users by their tokens, and only those without one; take `when` out, or count by `client_ip`",
        );
    }
    if limit.when == Some(When::Anonymous) && users.iter().all(required) {
        return Some(
            "is for anonymous callers, whom every route that lists it refuses anyway; list it where they may pass, or take \
             `when` out",
        );
    }
    None
}

/// Why a quota is always preceded by a tighter one.
fn looser(name: &str, limit: &RateLimit, users: &[&Route], config: &Config) -> Option<String> {
    let tighter = config.rate_limits.iter().find(|(other, tight)| {
        let mutual = covers(limit, tight) && covers(tight, limit);
        *other != name
            && tight.enforce
            && covers(tight, limit)
            // Of two equals one is told.
            && (!mutual || other.as_str() < name)
            && users.iter().all(|route| route.charges_alike(name, other))
    });
    let (other, tight) = tighter?;
    Some(format!(
        "({}) never refuses what `{other}` ({}) lets through, and every route lists both; take it out, or tighten it",
        limit.rate, tight.rate
    ))
}

/// Whether whoever stays within `tight` stays within `loose`.
fn covers(tight: &RateLimit, loose: &RateLimit) -> bool {
    let same = tight.key_by() == loose.key_by() && (tight.when.is_none() || tight.when == loose.when);
    let count = |limit: &RateLimit| f64::from(limit.rate.0.count);
    let per = |limit: &RateLimit| limit.rate.0.per.as_secs_f64();
    let burst = |limit: &RateLimit| f64::from(limit.burst.unwrap_or(limit.rate.0.count));
    // The most that `tight` lets through in any time t is `most + speed × t`. A window that starts with a request may
    // follow right upon a full one.
    let most = match tight.algorithm {
        Algorithm::Window => 2.0 * count(tight),
        Algorithm::Gcra => burst(tight),
    };
    let speed = count(tight) / per(tight);
    let within = match loose.algorithm {
        Algorithm::Window => most + speed * per(loose) <= count(loose),
        Algorithm::Gcra => most <= burst(loose) && speed <= count(loose) / per(loose),
    };
    same && within
}

/// Quotas that a route itself lists, and that concern nobody there.
fn listed(config: &Config, report: &mut Report<'_>) {
    for (name, route) in config
        .routes
        .iter()
        .filter(|(_, route)| matches!(route.auth, Auth::Public))
    {
        for (index, Charge { limit, .. }) in route.rate_limits.iter().enumerate() {
            let path = ["routes", name, "rate_limits", &index.to_string()];
            let by_subject = config
                .rate_limits
                .get(limit)
                .is_some_and(|limit| limit.key_by().needs_token());
            let acts = |route: &Route| !matches!(route.auth, Auth::Public) && route.lists(limit);
            // Where it acts nowhere, that was told of the quota itself.
            let acts_elsewhere = config.routes.values().any(acts);
            if by_subject && acts_elsewhere && report.node(&path).is_some_and(|node| !node.inherited) {
                let words = format!("`{limit}` counts signed-in users, and this route is public; take it out here");
                report.add(code::NEVER_ACTS, &path, words);
            }
        }
    }
}
