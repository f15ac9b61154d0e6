//! Targets given by name: what they stand for, looked up in the background and kept fresh.

use super::{
    Pool,
    dns::{DnsError, Names},
};
use crate::keeper::Begun;
use futures::future::join_all;
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// From one look-up to the next while nothing is known of a name.
const RETRY: Duration = Duration::from_secs(1);
/// Records may say that they hold for no time at all.
const LEAST: Duration = Duration::from_secs(1);

/// Keeps the targets of `pool` fresh, for ever. Comes back at once if it has no names. `begun` goes after the first look at each.
/// Each name goes its own way: one that is slow holds up no other.
pub(crate) async fn watch(pool: Arc<Pool>, begun: Begun) {
    let begun = Arc::new(begun);
    let specs = pool
        .settings
        .specs
        .iter()
        .enumerate()
        .filter(|(_, spec)| spec.is_name());
    let followed: Vec<_> = specs
        .map(|(index, _)| follow(&pool, index, Arc::clone(&begun)))
        .collect();
    drop(begun);
    join_all(followed).await;
}

async fn follow(pool: &Pool, index: usize, begun: Arc<Begun>) {
    let settings = &pool.settings;
    let mut names = Names::new(&settings.specs[index], &settings.servers);
    let (mut begun, mut is_failing) = (Some(begun), false);
    loop {
        let result = look(pool, index, &mut names).await;
        drop(begun.take());
        let (upstream, target_name) = (&*pool.name, &*settings.specs[index].address);
        let pause = match result {
            Ok(holds) => {
                if is_failing {
                    tracing::info!(upstream, target_name, "name is found again");
                }
                is_failing = false;
                holds
            }
            Err(error) => {
                // Once, not at each look.
                if !is_failing {
                    tracing::warn!(upstream, target_name, %error, "name is not found: what was known of it is kept");
                }
                is_failing = true;
                if pool.knows(index) { settings.refresh } else { RETRY }
            }
        };
        sleep(pause.min(settings.refresh).max(LEAST)).await;
    }
}

/// One look-up; tells how long the answer holds. A name that cannot be looked up keeps its last targets.
async fn look(pool: &Pool, index: usize, names: &mut Names<'_>) -> Result<Duration, DnsError> {
    let answer = names.look_up().await?;
    pool.set_found(index, answer.found);
    Ok(answer.holds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{PoolSettings, States, TargetSpec};
    use super::*;

    #[tokio::test]
    async fn names_become_targets_and_lost_names_keep_them() {
        let specs = ["localhost:7", "127.0.0.2:7", "no-such-host.invalid:7"].map(TargetSpec::plain);
        let settings = PoolSettings {
            specs: specs.to_vec(),
            ..PoolSettings::default()
        };
        let pool = Pool::new("p", settings, None, &States::default(), Arc::default(), None);
        assert_eq!(pool.len(), 1, "the literal address is there at once");
        let looked = async |index: usize| {
            let mut names = Names::new(&pool.settings.specs[index], &[]);
            look(&pool, index, &mut names).await
        };
        looked(0).await.unwrap();
        assert_eq!(pool.len(), 2);
        let known = super::super::Found {
            address: "10.0.0.1:7".parse().unwrap(),
            weight: 1,
        };
        pool.set_found(2, vec![known]);
        assert!(looked(2).await.is_err());
        assert_eq!(pool.len(), 3, "the last known address is kept");
    }
}
