//! Quotas, decided by one script in Redis within a time budget, or as the limit says while Redis is away.

use super::Links;
use crate::metrics::{LimitCells, Metrics};
use edge_policy::rate_limit::{
    Algorithm, Decision, Denied, GCRA_SCRIPT, Limit, LocalCounters, OnStoreFailure, WINDOW_SCRIPT, redis_key,
};
use shared_redis::{Options, Redis, RedisError, Script};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// The longest a request waits for Redis.
const BUDGET: Duration = Duration::from_millis(100);
/// After a failure Redis is asked again at most this often.
const COOL_DOWN: Duration = Duration::from_millis(500);
const CONNECTIONS: u32 = 8;
/// Keys counted or remembered in memory.
const LOCAL_KEYS: usize = 100_000;

/// A limit with its counters.
pub(crate) struct Quota {
    /// The limit.
    pub(crate) limit: Limit,
    /// What is counted of it.
    pub(crate) cells: Arc<LimitCells>,
}

/// What a quota says of a request.
pub(crate) enum Charge {
    /// A decision; it may be a refusal.
    Decided(Decision),
    /// The store is away and the limit lets everything pass.
    Uncounted,
    /// The store is away and the limit lets nothing pass.
    StoreNeeded,
}

/// The store of quotas.
pub(crate) struct Quotas {
    url: String,
    prefix: String,
    redis: OnceLock<Result<Redis, RedisError>>,
    window: Script,
    gcra: Script,
    local: LocalCounters,
    denied: Denied,
    metrics: Arc<Metrics>,
    links: Arc<Links>,
}

impl Quotas {
    /// A store that connects on its first use, on the runtime that uses it. Every key gets `prefix`.
    pub(crate) fn new(url: &str, prefix: &str, metrics: Arc<Metrics>, links: Arc<Links>) -> Self {
        Self {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            redis: OnceLock::new(),
            window: Script::new(WINDOW_SCRIPT),
            gcra: Script::new(GCRA_SCRIPT),
            local: LocalCounters::new(LOCAL_KEYS),
            denied: Denied::new(LOCAL_KEYS),
            metrics,
            links,
        }
    }

    /// Asks the store again also for those that were just refused: limits have changed.
    pub(crate) fn forget_refusals(&self) {
        self.denied.forget();
    }

    /// Charges one request to `subject`'s quota.
    pub(crate) async fn charge(&self, quota: &Quota, subject: &str) -> Charge {
        let limit = &quota.limit;
        let key = redis_key(&limit.name, subject);
        // Until its time is over a refused key needs no second opinion.
        if let Some(refusal) = self.denied.check(&key, Instant::now()) {
            return counted(quota, refusal);
        }
        match self.ask(limit, &key).await {
            Ok(decision) => {
                if self.links.quotas.set(true) {
                    tracing::info!("quotas are counted in Redis again");
                }
                let now = Instant::now();
                self.denied.remember(&key, &decision, now);
                self.local.learn(limit, &key, &decision, now);
                counted(quota, decision)
            }
            Err(error) => {
                self.metrics.quota_store_failures.add();
                if self.links.quotas.set(false) {
                    tracing::warn!(%error, "Redis is away: this edge counts quotas alone");
                }
                quota.cells.local.add();
                match limit.on_store_failure {
                    OnStoreFailure::Local => counted(quota, self.local.hit(limit, &key, Instant::now())),
                    OnStoreFailure::Open => Charge::Uncounted,
                    OnStoreFailure::Closed => Charge::StoreNeeded,
                }
            }
        }
    }

    async fn ask(&self, limit: &Limit, key: &str) -> Result<Decision, Unusable> {
        let options = Options {
            budget: BUDGET,
            cool_down: COOL_DOWN,
            max_size: CONNECTIONS,
        };
        let redis = self
            .redis
            .get_or_init(|| Redis::connect_with(&self.url, 0, &self.prefix, &options));
        let redis = redis.as_ref().map_err(|error| Unusable(error.to_string()))?;
        let script = match limit.algorithm {
            Algorithm::Window => &self.window,
            Algorithm::Gcra => &self.gcra,
        };
        let reply = redis
            .run_script::<(i64, i64), _>(script, &[key], &limit.script_args())
            .await;
        reply
            .map(|(first, second)| limit.decide([first, second]))
            .map_err(|error| Unusable(error.to_string()))
    }
}

/// Why the store gave no answer, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

fn counted(quota: &Quota, decision: Decision) -> Charge {
    if decision.allowed {
        &quota.cells.admitted
    } else {
        &quota.cells.refused
    }
    .add();
    Charge::Decided(decision)
}
