//! Quotas, decided by one script in Redis within a time budget, or as the limit says while Redis is away.

use super::{
    Links,
    lease::{Leased, Leases},
};
use crate::metrics::{LimitCells, Metrics};
use edge_policy::rate_limit::{
    Algorithm, Decision, Denied, Facts, GCRA_PEEK_SCRIPT, GCRA_SCRIPT, Keys, Limit, LocalCounters, OnStoreFailure,
    Spared, WINDOW_PEEK_SCRIPT, WINDOW_SCRIPT,
    lease::{LEASE_PEEK_SCRIPT, Terms, grants},
};
use shared_redis::{Options, Redis, RedisError, Script};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// The longest a request waits for Redis.
const BUDGET: Duration = Duration::from_millis(20);
/// The same for the first ones, which find no connection.
const FIRST_BUDGET: Duration = Duration::from_millis(100);
/// After a failure Redis is asked again at most this often.
const COOL_DOWN: Duration = Duration::from_millis(500);
const CONNECTIONS: u32 = 8;
/// The longest that an operator who only looks waits for Redis: a first connection may be needed.
const LOOK_BUDGET: Duration = Duration::from_secs(1);
/// Keys counted or remembered in memory.
const LOCAL_KEYS: usize = 100_000;

/// A limit, as one route's requests are charged to it, with its counters.
pub(crate) struct Quota {
    /// The limit.
    pub(crate) limit: Limit,
    /// Makes the store's keys.
    pub(crate) keys: Keys,
    /// What it is leased by, if it is.
    pub(crate) lease: Option<Terms>,
    /// Whether what is over it is refused; else it is only counted.
    pub(crate) enforce: bool,
    /// What is counted of it.
    pub(crate) cells: Arc<LimitCells>,
}

impl Quota {
    /// The store's key of a request.
    ///
    /// # Errors
    /// Why it is not counted.
    pub(crate) fn key(&self, facts: &Facts<'_>) -> Result<String, Spared<'_>> {
        self.limit.is_for(facts.token)?;
        self.keys.of(facts)
    }
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

    fn redis(&self, url: &str, prefix: &str) -> Result<&Redis, Unusable> {
        let redis = self
            .redis
            .get_or_init(|| Redis::connect_with(url, 0, prefix, &self.options));
        redis.as_ref().map_err(|error| Unusable(error.to_string()))
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
    /// What is leased.
    pub(crate) leases: Arc<Leases>,
    look_at_lease: Script,
    metrics: Arc<Metrics>,
    links: Arc<Links>,
}

impl Quotas {
    /// A store to which nothing is connected yet. Every key gets `prefix`.
    pub(crate) fn new(url: &str, prefix: &str, metrics: Arc<Metrics>, links: Arc<Links>) -> Self {
        let charging = Options {
            budget: BUDGET,
            first_budget: FIRST_BUDGET,
            cool_down: COOL_DOWN,
            max_size: CONNECTIONS,
        };
        let looking = Options {
            budget: LOOK_BUDGET,
            first_budget: LOOK_BUDGET,
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
            leases: Arc::new(Leases::new()),
            look_at_lease: Script::new(LEASE_PEEK_SCRIPT),
            metrics,
            links,
        }
    }

    /// Asks the store anew, also for those that were just refused or have borrowed: limits have changed.
    pub(crate) fn forget(&self) {
        self.denied.forget();
        self.leases.forget();
    }

    /// A refusal that is remembered here: such a request would be refused without asking anybody.
    pub(crate) fn refuses(&self, quota: &Quota, key: &str) -> Option<Decision> {
        match &quota.lease {
            Some(terms) => self.leases.peek(key, terms).filter(|decision| !decision.allowed),
            None => self.denied.check(key, quota.limit.cost, Instant::now()),
        }
    }

    /// Charges one request to the quota that has this key.
    pub(crate) async fn charge(&self, quota: &Quota, key: &str) -> Charge {
        let limit = &quota.limit;
        if let Some(terms) = &quota.lease {
            return self.charge_leased(quota, terms, key).await;
        }
        match self.verdict(&self.charging, limit, key).await {
            Verdict::Remembered(refusal) => counted(quota, refusal),
            Verdict::Store(decision) => {
                if self.links.quotas.set(true) {
                    tracing::info!("quotas are counted in Redis again");
                }
                let now = Instant::now();
                self.denied.remember(key, limit.cost, &decision, now);
                self.local.learn(limit, key, &decision, now);
                counted(quota, decision)
            }
            Verdict::Away(error) => {
                self.metrics.quota_store_failures.add();
                if self.links.quotas.set(false) {
                    tracing::warn!(%error, "Redis is away: this edge counts quotas alone");
                }
                quota.cells.local.add();
                match alone(limit, || self.local.hit(limit, key, Instant::now())) {
                    Charge::Decided(decision) => counted(quota, decision),
                    other => other,
                }
            }
        }
    }

    async fn charge_leased(&self, quota: &Quota, terms: &Terms, key: &str) -> Charge {
        match self.leases.take(key, terms, quota.limit.on_store_failure).await {
            Leased::Decided(decision) => counted(quota, decision),
            Leased::Alone(decision) => {
                quota.cells.local.add();
                counted(quota, decision)
            }
            Leased::Away => {
                quota.cells.local.add();
                uncounted(&quota.limit)
            }
        }
    }

    /// What [`Quotas::charge`] would say now. Nothing is charged, counted or remembered.
    pub(crate) async fn peek(&self, quota: &Quota, key: &str) -> Charge {
        let limit = &quota.limit;
        if let Some(terms) = &quota.lease {
            return self.peek_leased(terms, key).await;
        }
        match self.verdict(&self.looking, limit, key).await {
            Verdict::Remembered(decision) | Verdict::Store(decision) => Charge::Decided(decision),
            Verdict::Away(_) => alone(limit, || self.local.peek(limit, key, Instant::now())),
        }
    }

    /// What is borrowed here, else what Redis has.
    async fn peek_leased(&self, terms: &Terms, key: &str) -> Charge {
        if let Some(decision) = self.leases.peek(key, terms) {
            return Charge::Decided(decision);
        }
        let reply = match self.looking.redis(&self.url, &self.prefix) {
            Ok(redis) => redis
                .run_script::<Vec<i64>, u64>(&self.look_at_lease, &[key], &[])
                .await
                .ok(),
            Err(_) => None,
        };
        let grant = reply.and_then(|reply| grants(&reply).next());
        grant.map_or(Charge::Uncounted, |grant| Charge::Decided(terms.decide(&grant)))
    }

    /// Until its time is over a refused key needs no second opinion; all others the store judges.
    async fn verdict(&self, way: &Way, limit: &Limit, key: &str) -> Verdict {
        if let Some(refusal) = self.denied.check(key, limit.cost, Instant::now()) {
            return Verdict::Remembered(refusal);
        }
        match self.ask(way, limit, key).await {
            Ok(decision) => Verdict::Store(decision),
            Err(error) => Verdict::Away(error),
        }
    }

    async fn ask(&self, way: &Way, limit: &Limit, key: &str) -> Result<Decision, Unusable> {
        let redis = way.redis(&self.url, &self.prefix)?;
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
        OnStoreFailure::Open | OnStoreFailure::Closed => uncounted(limit),
    }
}

/// What a limit says that nobody counts.
fn uncounted(limit: &Limit) -> Charge {
    match limit.on_store_failure {
        OnStoreFailure::Local | OnStoreFailure::Open => Charge::Uncounted,
        OnStoreFailure::Closed => Charge::StoreNeeded,
    }
}

/// Why the store gave no answer, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

fn counted(quota: &Quota, decision: Decision) -> Charge {
    let cells = &quota.cells;
    match (decision.allowed, quota.enforce) {
        (true, _) => &cells.admitted,
        (false, true) => &cells.refused,
        (false, false) => &cells.over,
    }
    .add();
    Charge::Decided(decision)
}
