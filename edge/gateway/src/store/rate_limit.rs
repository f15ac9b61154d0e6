//! Quotas, decided by one script in Redis within a time budget, or as the limit says while Redis is away.

use super::Links;
use crate::metrics::{LimitCells, Metrics};
use edge_policy::rate_limit::{
    Algorithm, Decision, Denied, GCRA_PEEK_SCRIPT, GCRA_SCRIPT, Limit, LocalCounters, OnStoreFailure,
    WINDOW_PEEK_SCRIPT, WINDOW_SCRIPT, redis_key,
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
/// The longest that an operator who only looks waits for Redis: a first connection may be needed.
const LOOK_BUDGET: Duration = Duration::from_secs(1);
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

/// A way to the store: connections of one runtime, and the scripts that are run over them.
struct Way {
    redis: OnceLock<Result<Redis, RedisError>>,
    options: Options,
    window: Script,
    gcra: Script,
}

impl Way {
    /// Connects on its first use, on the runtime that uses it.
    fn new(options: Options, window: &str, gcra: &str) -> Self {
        Self {
            redis: OnceLock::new(),
            options,
            window: Script::new(window),
            gcra: Script::new(gcra),
        }
    }
}

/// The store of quotas.
pub(crate) struct Quotas {
    url: String,
    prefix: String,
    charging: Way,
    /// Its own, so that looking takes no connection from requests, and a look that fails makes none of them wait.
    looking: Way,
    local: LocalCounters,
    denied: Denied,
    metrics: Arc<Metrics>,
    links: Arc<Links>,
}

impl Quotas {
    /// A store to which nothing is connected yet. Every key gets `prefix`.
    pub(crate) fn new(url: &str, prefix: &str, metrics: Arc<Metrics>, links: Arc<Links>) -> Self {
        let charging = Options {
            budget: BUDGET,
            cool_down: COOL_DOWN,
            max_size: CONNECTIONS,
        };
        let looking = Options {
            budget: LOOK_BUDGET,
            cool_down: Duration::ZERO,
            max_size: 1,
        };
        Self {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            charging: Way::new(charging, WINDOW_SCRIPT, GCRA_SCRIPT),
            looking: Way::new(looking, WINDOW_PEEK_SCRIPT, GCRA_PEEK_SCRIPT),
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
        match self.verdict(&self.charging, limit, &key).await {
            Verdict::Remembered(refusal) => counted(quota, refusal),
            Verdict::Store(decision) => {
                if self.links.quotas.set(true) {
                    tracing::info!("quotas are counted in Redis again");
                }
                let now = Instant::now();
                self.denied.remember(&key, &decision, now);
                self.local.learn(limit, &key, &decision, now);
                counted(quota, decision)
            }
            Verdict::Away(error) => {
                self.metrics.quota_store_failures.add();
                if self.links.quotas.set(false) {
                    tracing::warn!(%error, "Redis is away: this edge counts quotas alone");
                }
                quota.cells.local.add();
                match alone(limit, || self.local.hit(limit, &key, Instant::now())) {
                    Charge::Decided(decision) => counted(quota, decision),
                    other => other,
                }
            }
        }
    }

    /// What [`Quotas::charge`] would say now. Nothing is charged, counted or remembered.
    pub(crate) async fn peek(&self, quota: &Quota, subject: &str) -> Charge {
        let limit = &quota.limit;
        let key = redis_key(&limit.name, subject);
        match self.verdict(&self.looking, limit, &key).await {
            Verdict::Remembered(decision) | Verdict::Store(decision) => Charge::Decided(decision),
            Verdict::Away(_) => alone(limit, || self.local.peek(limit, &key, Instant::now())),
        }
    }

    /// Until its time is over a refused key needs no second opinion; all others the store judges.
    async fn verdict(&self, way: &Way, limit: &Limit, key: &str) -> Verdict {
        if let Some(refusal) = self.denied.check(key, Instant::now()) {
            return Verdict::Remembered(refusal);
        }
        match self.ask(way, limit, key).await {
            Ok(decision) => Verdict::Store(decision),
            Err(error) => Verdict::Away(error),
        }
    }

    async fn ask(&self, way: &Way, limit: &Limit, key: &str) -> Result<Decision, Unusable> {
        let redis = way
            .redis
            .get_or_init(|| Redis::connect_with(&self.url, 0, &self.prefix, &way.options));
        let redis = redis.as_ref().map_err(|error| Unusable(error.to_string()))?;
        let script = match limit.algorithm {
            Algorithm::Window => &way.window,
            Algorithm::Gcra => &way.gcra,
        };
        let reply = redis
            .run_script::<(i64, i64), _>(script, &[key], &limit.script_args())
            .await;
        reply
            .map(|(first, second)| limit.decide([first, second]))
            .map_err(|error| Unusable(error.to_string()))
    }
}

/// Who judged a key.
enum Verdict {
    /// Memory: it was refused a moment ago.
    Remembered(Decision),
    /// The store.
    Store(Decision),
    /// Nobody: the store is away.
    Away(Unusable),
}

/// What a limit says without the store; `count` counts in this process.
fn alone(limit: &Limit, count: impl FnOnce() -> Decision) -> Charge {
    match limit.on_store_failure {
        OnStoreFailure::Local => Charge::Decided(count()),
        OnStoreFailure::Open => Charge::Uncounted,
        OnStoreFailure::Closed => Charge::StoreNeeded,
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
