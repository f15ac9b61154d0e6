//! The tasks that keep upstreams and issuers up to date: those of what a reload leaves alone go on, those of what is new begin
//! before it serves, those of what is gone end.

use crate::{
    edge::Edge,
    generation::Generation,
    store::{self, Issuer},
    upstream::{self, Caller, Pool},
};
use shared_redis::Redis;
use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

/// Held by a task until it has done its first round.
pub(crate) struct Begun {
    _waiting: mpsc::Sender<Infallible>,
}

impl Begun {
    /// One to give away, and what waits for it and its like.
    pub(crate) fn channel() -> (Sharing, Beginning) {
        let (sender, receiver) = mpsc::channel(1);
        (Sharing(sender), Beginning(receiver))
    }
}

/// Makes [`Begun`]s.
pub(crate) struct Sharing(mpsc::Sender<Infallible>);

impl Sharing {
    fn one(&self) -> Begun {
        Begun {
            _waiting: self.0.clone(),
        }
    }
}

/// Waits for first rounds.
pub(crate) struct Beginning(mpsc::Receiver<Infallible>);

impl Beginning {
    /// Waits until all have done their first round, or that long; tells whether they have.
    pub(crate) async fn wait(mut self, within: Duration) -> bool {
        timeout(within, self.0.recv()).await.is_ok()
    }
}

/// Something with the tasks that keep it up to date. Dropped, they end.
struct Kept<T> {
    what: Arc<T>,
    tasks: JoinSet<()>,
}

/// The tasks that run.
pub(crate) struct Tasks {
    edge: Arc<Edge>,
    /// For revocations; `None` where its address is of no use.
    redis: Option<Redis>,
    pools: Vec<Kept<Pool>>,
    issuers: Vec<Kept<Issuer>>,
}

impl Tasks {
    /// None yet.
    pub(crate) fn new(edge: Arc<Edge>, redis: Option<Redis>) -> Self {
        Self {
            edge,
            redis,
            pools: Vec::new(),
            issuers: Vec::new(),
        }
    }

    /// Starts what a generation needs and does not run yet.
    pub(crate) fn start(&mut self, generation: &Generation) -> Beginning {
        let (sharing, beginning) = Begun::channel();
        for pool in generation.pools.values() {
            if !is_kept(&self.pools, pool) {
                let mut tasks = JoinSet::new();
                tasks.spawn(upstream::watch_names(Arc::clone(pool), sharing.one()));
                tasks.spawn(upstream::watch_health(Arc::clone(pool), sharing.one()));
                let what = Arc::clone(pool);
                self.pools.push(Kept { what, tasks });
            }
        }
        for issuer in generation.issuers.values() {
            if !is_kept(&self.issuers, issuer) {
                let kept = self.keep_issuer(issuer, &sharing);
                self.issuers.push(kept);
            }
        }
        beginning
    }

    fn keep_issuer(&self, issuer: &Arc<Issuer>, sharing: &Sharing) -> Kept<Issuer> {
        let mut tasks = JoinSet::new();
        let metrics = Arc::clone(&self.edge.metrics);
        let caller = || Caller::new(&self.edge.parts.identities);
        tasks.spawn(Arc::clone(issuer).keep(metrics, caller(), sharing.one()));
        if let (Some(redis), Some(channel)) = (&self.redis, &issuer.settings.revocation_channel) {
            tasks.spawn(store::keep_revocations(
                redis.clone(),
                channel.clone(),
                Arc::clone(issuer),
                Arc::clone(&self.edge.links),
                (caller(), self.edge.service_token.clone()),
                sharing.one(),
            ));
        }
        Kept {
            what: Arc::clone(issuer),
            tasks,
        }
    }

    /// Ends what this generation does not need.
    pub(crate) async fn keep_only(&mut self, generation: &Generation) {
        let issuers = end_others(&mut self.issuers, &generation.issuers);
        let pools = end_others(&mut self.pools, &generation.pools);
        for mut kept in issuers {
            kept.tasks.shutdown().await;
        }
        for mut kept in pools {
            kept.tasks.shutdown().await;
            // A verdict that nobody would ever take back.
            let now = generation.pools.get(&*kept.what.name);
            if let Some(pool) = now.filter(|pool| pool.settings.health.is_none()) {
                for target in &pool.rotation().targets {
                    target.forget_probes();
                }
            }
        }
    }
}

fn is_kept<T>(all: &[Kept<T>], what: &Arc<T>) -> bool {
    all.iter().any(|kept| Arc::ptr_eq(&kept.what, what))
}

fn end_others<T>(all: &mut Vec<Kept<T>>, needed: &BTreeMap<String, Arc<T>>) -> Vec<Kept<T>> {
    let is_needed = |kept: &mut Kept<T>| needed.values().any(|what| Arc::ptr_eq(what, &kept.what));
    all.extract_if(.., |kept| !is_needed(kept)).collect()
}
