//! `conf/edge.yaml` for load from this machine: each client may have an address of its own.
//!
//! Made out of the shipped file, so that what is measured is what ships: the same routes, policies and quotas.

use shared_stack::{Context, Error, Result};
use std::{fs, path::Path};

/// What is replaced, and by what: loopback is a proxy that may name its clients by `X-Forwarded-For`, and as many
/// connections may come from it as from everywhere.
const CHANGES: [(&str, &str); 2] = [
    ("trusted_proxies: []", "trusted_proxies: [127.0.0.0/8, \"::1/128\"]"),
    (
        "connections_per_ip: 1024",
        "connections_per_ip: 16000, tunnels_per_user: 16000",
    ),
];

/// Writes it.
///
/// # Errors
/// When `conf/edge.yaml` cannot be read, does not say what is to be replaced, or `to` cannot be written.
pub(super) fn write(root: &Path, to: &Path) -> Result<()> {
    let shipped = root.join("conf/edge.yaml");
    let text = fs::read_to_string(&shipped).context(|| format!("cannot read {}", shipped.display()))?;
    let changed = changed(&text).map_err(|missing| {
        let error = Error::new(format!("{} does not say `{missing}`", shipped.display()));
        error.cure("give the platform's configuration for load: --config FILE")
    })?;
    fs::write(to, changed).context(|| format!("cannot write {}", to.display()))
}

fn changed(text: &str) -> Result<String, &'static str> {
    let mut text = text.to_owned();
    for (shipped, for_load) in CHANGES {
        if !text.contains(shipped) {
            return Err(shipped);
        }
        text = text.replace(shipped, for_load);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_configuration_differs_in_its_trust_alone() {
        let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conf/edge.yaml")).unwrap();
        let changed = changed(&shipped).unwrap();
        let differing: Vec<_> = shipped.lines().zip(changed.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(differing.len(), 2, "{differing:?}");
        assert!(differing[0].1.starts_with("trusted_proxies: [127.0.0.0/8"));
        assert!(differing[1].1.contains("connections: 16000, connections_per_ip: 16000"));
    }

    #[test]
    fn a_file_that_says_something_else_is_named() {
        assert_eq!(changed("limits: {}"), Err("trusted_proxies: []"));
    }
}
