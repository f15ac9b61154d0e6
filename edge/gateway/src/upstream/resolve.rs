//! Targets given by name: their addresses, looked up in the background and kept fresh.

use super::{Pool, TargetSpec};
use crate::keeper::Begun;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// From one look-up to the next while a name has no address yet.
const RETRY: Duration = Duration::from_secs(1);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Keeps the addresses of `pool` fresh, for ever. Comes back at once if it has no names. `begun` goes after the first look.
pub(crate) async fn watch(pool: Arc<Pool>, begun: Begun) {
    let mut begun = Some(begun);
    while pool.has_names() {
        let complete = refresh(&pool).await;
        drop(begun.take());
        let refresh = pool.settings.refresh;
        sleep(if complete { refresh } else { RETRY.min(refresh) }).await;
    }
}

/// One look-up of every name. A name that cannot be looked up keeps its last addresses. Tells whether all have some.
async fn refresh(pool: &Pool) -> bool {
    let mut complete = true;
    let specs = &pool.settings.specs;
    let mut resolved = Vec::with_capacity(specs.len());
    for spec in specs {
        let mut addresses = lookup(spec).await;
        if addresses.is_empty() {
            addresses = pool.addresses_of(spec);
            complete &= !addresses.is_empty();
        }
        resolved.push((spec, addresses));
    }
    pool.set_addresses(resolved);
    complete
}

async fn lookup(spec: &TargetSpec) -> Vec<SocketAddr> {
    if let Ok(address) = spec.address.parse() {
        return vec![address];
    }
    match timeout(LOOKUP_TIMEOUT, tokio::net::lookup_host(spec.address.as_str())).await {
        Ok(Ok(found)) => one_family(found.collect()),
        Ok(Err(error)) => {
            tracing::debug!(target_name = spec.address, %error, "name look-up failed");
            Vec::new()
        }
        Err(_) => {
            tracing::debug!(target_name = spec.address, "name look-up took too long");
            Vec::new()
        }
    }
}

/// An instance with an IPv4 and an IPv6 address is one instance: IPv4 is taken where there is any.
fn one_family(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    if found.iter().any(SocketAddr::is_ipv4) {
        found.retain(SocketAddr::is_ipv4);
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{PoolSettings, States};
    use super::*;

    #[tokio::test]
    async fn names_become_targets_and_lost_names_keep_them() {
        let spec = |address: &str| TargetSpec {
            address: address.into(),
            weight: 1,
        };
        let pool = |specs: &[&str]| {
            let specs = specs.iter().map(|address| spec(address)).collect();
            let settings = PoolSettings {
                specs,
                ..PoolSettings::default()
            };
            Pool::new("p", settings, &States::default(), Arc::default(), None)
        };
        let gone = pool(&["no-such-host.invalid:7"]);
        let pool = pool(&["localhost:7", "127.0.0.2:7"]);
        assert_eq!(pool.len(), 1, "the literal address is there at once");
        assert!(refresh(&pool).await);
        assert_eq!(pool.len(), 2);

        assert!(!refresh(&gone).await);
        gone.set_addresses(vec![(&gone.settings.specs[0], vec!["10.0.0.1:7".parse().unwrap()])]);
        assert!(refresh(&gone).await, "the last known address is kept");
        assert_eq!(gone.len(), 1);
    }
}
