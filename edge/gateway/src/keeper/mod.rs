//! What goes on beside requests: reloads, names, health, keys, revocations, the end of overrides, and the look at Redis.

mod tasks;

pub(crate) use tasks::{Begun, Tasks};

use crate::{
    edge::Edge,
    handover, overrides,
    reload::{Reloader, Requests, Start},
    store::Links,
};
use async_trait::async_trait;
use pingora_core::{
    server::ShutdownWatch,
    services::{ServiceReadyNotifier, background::BackgroundService},
};
use shared_redis::{Options, Redis};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinSet, time::sleep};

const PING_EVERY: Duration = Duration::from_secs(2);
/// A successor looks at services, keys and ended sessions for this long before it serves.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// Nobody waits for these calls, so they may take longer than a request's.
const BUDGET: Duration = Duration::from_secs(1);
/// Requests may wait for these, though not as long.
const LEASE_BUDGET: Duration = Duration::from_millis(100);

/// The background service; it has a runtime, and so connections, of its own.
pub(crate) struct Keeper {
    /// The edge it works for.
    pub(crate) edge: Arc<Edge>,
    /// Where Redis is.
    pub(crate) redis_url: String,
    /// Put before every key and channel.
    pub(crate) redis_prefix: String,
    /// Whether there is an edge that serves until this one is ready.
    pub(crate) heir: bool,
    /// What reloads begin with, and who asks for them; taken once.
    pub(crate) reloads: Mutex<Option<(Start, Requests)>>,
}

#[async_trait]
impl BackgroundService for Keeper {
    async fn start_with_ready_notifier(&self, mut shutdown: ShutdownWatch, ready: ServiceReadyNotifier) {
        let Some((start, requests)) = self.reloads.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        let mut work = JoinSet::new();
        let redis = self.redis(BUDGET, BUDGET);
        if let Some(redis) = &redis {
            work.spawn(watch_redis(redis.clone(), Arc::clone(&self.edge.links)));
        }
        // What is leased is asked for again at its own pace.
        if let Some(redis) = self.redis(LEASE_BUDGET, Duration::ZERO) {
            let (links, metrics) = (Arc::clone(&self.edge.links), Arc::clone(&self.edge.metrics));
            work.spawn(Arc::clone(&self.edge.quotas.leases).keep(redis, links, metrics));
        }
        let mut tasks = Tasks::new(Arc::clone(&self.edge), redis);
        let beginning = tasks.start(&self.edge.generation.load());
        match self.heir {
            // At a start requests are served at once: they find out by themselves what probes would tell.
            false => drop(beginning),
            // The one before serves meanwhile.
            true => drop(beginning.wait(FIRST_LOOK).await),
        }
        ready.notify_ready();
        work.spawn(handover::on_signal(Arc::clone(&self.edge)));
        work.spawn(overrides::expire(Arc::clone(&self.edge)));
        work.spawn(Reloader::new(Arc::clone(&self.edge), tasks, start).run(requests));
        // All of it ends with the set, when the server stops.
        let _ = shutdown.wait_for(|stopping| *stopping).await;
    }
}

impl Keeper {
    fn redis(&self, budget: Duration, cool_down: Duration) -> Option<Redis> {
        let options = Options {
            budget,
            first_budget: budget,
            cool_down,
            max_size: 2,
        };
        match Redis::connect_with(&self.redis_url, 0, &self.redis_prefix, &options) {
            Ok(redis) => Some(redis),
            Err(error) => {
                tracing::error!(%error, "redis.url cannot be used: quotas are counted here alone");
                None
            }
        }
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
