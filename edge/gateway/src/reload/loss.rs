//! What a new generation could not do though the old one can. The file may be without a mistake and the world not ready for
//! it: then the old one stays.

use crate::{
    finding::Finding,
    generation::{Gate, Generation, Route, Serves},
    store::Keys,
    upstream::Pool,
};
use edge_config::diagnose::code;

/// What routes that both generations have would lose. A route that is new may wait for its services.
pub(super) fn losses(old: &Generation, new: &Generation) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for route in &new.named {
        let Some(before) = old.named.iter().find(|before| before.name == route.name) else {
            continue;
        };
        let lost = lost_targets(before, route).into_iter().chain(lost_keys(before, route));
        for finding in lost {
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
    }
    all
}

fn lost_targets(before: &Route, now: &Route) -> Option<Finding> {
    let empty = without_targets(now)?;
    if without_targets(before).is_some() {
        return None;
    }
    let names: Vec<&str> = { &empty.settings.specs }.iter().map(|spec| &*spec.address).collect();
    let message = format!(
        "no address is known for {}; mend the name, or wait until it resolves",
        names.join(", ")
    );
    let path = format!("upstreams.{}.targets", empty.name);
    Some(Finding::error(code::NO_ADDRESS, &path, message))
}

/// The upstream of a route that has none of the targets that the route could go to.
fn without_targets(route: &Route) -> Option<&Pool> {
    match &route.serves {
        Serves::Upstream { pool, subset, .. } => {
            let is_empty = pool.rotation().of(*subset).targets.is_empty();
            is_empty.then_some(pool)
        }
        Serves::Graphql(composed) => {
            let mut pools = composed.subgraphs.values();
            pools.find(|pool| pool.len() == 0).map(|pool| &**pool)
        }
    }
}

fn lost_keys(before: &Route, now: &Route) -> Option<Finding> {
    let issuer = now
        .gate
        .as_ref()?
        .issuers()
        .find(|issuer| !issuer.verifier.has_keys())?;
    let name = &issuer.settings.verifier.issuer;
    let had_keys = before.gate.as_ref()?.issuers().any(|before| {
        // Of a second issuer that is new nobody has tokens yet.
        let is_it = before.settings.verifier.issuer == *name || now.gate.iter().flat_map(Gate::issuers).count() == 1;
        is_it && before.verifier.has_keys()
    });
    let Keys::Upstream { upstream, path, .. } = &issuer.settings.keys else {
        return None;
    };
    had_keys.then(|| {
        let message =
            format!("no key could be fetched from upstream `{upstream}` at {path}, and valid tokens would be refused");
        Finding::error(code::NO_KEYS, &format!("routes.{}.auth", now.name), message)
    })
}
