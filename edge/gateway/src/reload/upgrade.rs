//! Keys that a running process cannot change: a listener's address, and what was sized or connected at the start.

use edge_config::{Config, Effect, diff};

/// Those of them in which `wanted` differs from what the process was started with.
pub(super) fn needs_upgrade(started: &Config, wanted: &Config) -> Vec<String> {
    let changes = diff(started, wanted).into_iter();
    changes
        .filter(|change| change.effect == Effect::NeedsUpgrade)
        .map(|change| change.path)
        .collect()
}
