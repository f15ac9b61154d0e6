//! What goes on beside requests: names, health, keys, revocations, and the look at Redis.

use crate::{
    edge::Edge,
    store::{self, Links},
    upstream,
};
use async_trait::async_trait;
use pingora_core::{server::ShutdownWatch, services::background::BackgroundService};
use shared_redis::{Options, Redis};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};

const PING_EVERY: Duration = Duration::from_secs(2);
/// Nobody waits for these calls, so they may take longer than a request's.
const BUDGET: Duration = Duration::from_secs(1);

/// The background service; it has a runtime, and so connections, of its own.
pub(crate) struct Keeper {
    /// The edge it works for.
    pub(crate) edge: Arc<Edge>,
    /// Where Redis is.
    pub(crate) redis_url: String,
    /// Put before every key and channel.
    pub(crate) redis_prefix: String,
    /// Channels on which ended sessions are told, by issuer.
    pub(crate) revocation_channels: BTreeMap<String, String>,
}

#[async_trait]
impl BackgroundService for Keeper {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut tasks = JoinSet::new();
        let generation = self.edge.generation.load_full();
        for pool in generation.pools.values() {
            tasks.spawn(upstream::watch_names(Arc::clone(pool)));
            tasks.spawn(upstream::watch_health(Arc::clone(pool)));
        }
        for issuer in generation.issuers.values() {
            tasks.spawn(Arc::clone(issuer).keep(Arc::clone(&self.edge.metrics)));
        }
        let options = Options {
            budget: BUDGET,
            cool_down: BUDGET,
            max_size: 2,
        };
        match Redis::connect_with(&self.redis_url, 0, &self.redis_prefix, &options) {
            Ok(redis) => {
                for (name, channel) in &self.revocation_channels {
                    let Some(issuer) = generation.issuers.get(name) else {
                        continue;
                    };
                    let links = Arc::clone(&self.edge.links);
                    tasks.spawn(store::keep_revocations(
                        redis.clone(),
                        channel.clone(),
                        Arc::clone(issuer),
                        links,
                        self.edge.service_token.clone(),
                    ));
                }
                tasks.spawn(watch_redis(redis, Arc::clone(&self.edge.links)));
            }
            Err(error) => tracing::error!(%error, "redis.url cannot be used: quotas are counted here alone"),
        }
        drop(generation);
        // The tasks end with the set, when the server stops.
        let _ = shutdown.wait_for(|stopping| *stopping).await;
    }
}

/// Notices that Redis is away, or back, also while no request asks for it.
async fn watch_redis(redis: Redis, links: Arc<Links>) {
    loop {
        match redis.ping().await {
            Ok(()) => {
                if links.quotas.set(true) {
                    tracing::info!("Redis is back: quotas are counted there");
                }
            }
            Err(error) => {
                if links.quotas.set(false) {
                    tracing::warn!(%error, "Redis is away: quotas are counted here alone, ended sessions are seen late");
                }
            }
        }
        sleep(PING_EVERY).await;
    }
}
