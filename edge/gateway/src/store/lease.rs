//! Leased quotas: what this edge has borrowed from Redis, and the one task that borrows. A request that finds tokens here calls nobody.

use super::Links;
use crate::metrics::Metrics;
use edge_policy::rate_limit::{
    Decision, OnStoreFailure,
    lease::{Ask, FLEET_SCRIPT, HORIZON, LEASE_SCRIPT, Lessees, PACE, Taken, Terms, ask_args, grants},
};
use rand::random;
use shared_redis::{Redis, RedisError, Script};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};

/// The longest that a request waits for Redis.
const BUDGET: Duration = Duration::from_millis(20);
/// After a call that failed Redis is asked again this often.
const AGAIN: Duration = Duration::from_millis(500);
/// Keys of one call.
const MAX_KEYS: usize = 256;
/// Keys that wait for a call. While Redis is away they only become more: beyond this, new ones go alone without asking.
const MAX_WAITING: usize = 65_536;
/// Keys that are remembered: some 250 bytes each.
const KEYS: usize = 200_000;
/// How often edges tell each other that they are there.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What this edge has borrowed.
pub(crate) struct Leases {
    lessees: Lessees,
    asks: mpsc::Sender<Asked>,
    asked: Mutex<Option<mpsc::Receiver<Asked>>>,
    /// Counts answers, so that those who wait look again.
    answers: watch::Sender<u64>,
    is_away: AtomicBool,
    /// Edges that are known, this one included.
    fleet: AtomicU32,
}

/// A key that needs tokens.
struct Asked {
    key: Arc<str>,
    terms: Terms,
    /// Whether a request waits.
    is_urgent: bool,
}

/// What a leased quota says of a request.
pub(crate) enum Leased {
    /// A decision.
    Decided(Decision),
    /// A decision of this edge alone.
    Alone(Decision),
    /// There is none: Redis is away, and the limit is not for one edge to count.
    Away,
}

impl Leases {
    /// Nothing is borrowed yet.
    pub(crate) fn new() -> Self {
        let (asks, asked) = mpsc::channel(MAX_WAITING);
        Self {
            lessees: Lessees::new(KEYS),
            asks,
            asked: Mutex::new(Some(asked)),
            answers: watch::Sender::new(0),
            is_away: AtomicBool::new(false),
            fleet: AtomicU32::new(1),
        }
    }

    /// Takes a token for one request.
    pub(crate) async fn take(&self, key: &str, terms: &Terms, on_failure: OnStoreFailure) -> Leased {
        if on_failure != OnStoreFailure::Local && self.is_away() {
            return Leased::Away;
        }
        let mut taken = self.lessees.take(key, terms, self.fleet(), Instant::now());
        if let Taken::Decided { decision, ask: false } = taken {
            return self.decided(decision);
        }
        let deadline = tokio::time::Instant::now() + BUDGET;
        let mut answers = self.answers.subscribe();
        loop {
            match taken {
                Taken::Decided { decision, ask } => {
                    self.ask(key, terms, ask, false);
                    return self.decided(decision);
                }
                Taken::Wait { ask } => self.ask(key, terms, ask, true),
            }
            let is_late = self.is_away() || timeout_at(deadline, answers.changed()).await.is_err();
            if is_late {
                if on_failure != OnStoreFailure::Local {
                    return Leased::Away;
                }
                self.lessees.goes_alone(key, Instant::now());
            }
            taken = self.lessees.take_again(key, terms, self.fleet(), Instant::now());
            if is_late && let Taken::Decided { decision, ask } = taken {
                self.ask(key, terms, ask, false);
                return Leased::Alone(decision);
            }
        }
    }

    /// What [`Leases::take`] would say by what is known here; nothing where Redis would be asked.
    pub(crate) fn peek(&self, key: &str, terms: &Terms) -> Option<Decision> {
        match self.lessees.peek(key, terms, self.fleet(), Instant::now()) {
            Taken::Decided { decision, .. } => Some(decision),
            Taken::Wait { .. } => None,
        }
    }

    /// Forgets what was borrowed: limits have changed.
    pub(crate) fn forget(&self) {
        self.lessees.forget();
    }

    fn decided(&self, decision: Decision) -> Leased {
        match self.is_away() {
            true => Leased::Alone(decision),
            false => Leased::Decided(decision),
        }
    }

    fn ask(&self, key: &str, terms: &Terms, ask: bool, is_urgent: bool) {
        if !ask {
            return;
        }
        let asked = Asked {
            key: key.into(),
            terms: *terms,
            is_urgent,
        };
        if self.asks.try_send(asked).is_err() {
            self.lessees.not_asked(key, Instant::now());
        }
    }

    /// Edges that are known to share the store, this one included.
    pub(crate) fn fleet(&self) -> u32 {
        self.fleet.load(Relaxed)
    }

    fn is_away(&self) -> bool {
        self.is_away.load(Relaxed)
    }

    /// Borrows and gives back, for ever. `redis` is its own: its budget is that of a call.
    pub(crate) async fn keep(self: Arc<Self>, redis: Redis, links: Arc<Links>, metrics: Arc<Metrics>) {
        let Some(asked) = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        let name = format!("{:016x}", random::<u64>());
        let mut borrower = Borrower {
            own_key: format!("edge:fleet:{name}"),
            script: Script::new(LEASE_SCRIPT),
            number: 0,
            held: VecDeque::new(),
            leases: Arc::clone(&self),
            redis: redis.clone(),
            links,
            metrics,
            name: name.clone(),
        };
        tokio::join!(borrower.run(asked), self.count_edges(redis, name));
    }

    /// Says that this edge is there, and learns how many are. What was last known holds while Redis is away.
    async fn count_edges(&self, redis: Redis, name: String) {
        let script = Script::new(FLEET_SCRIPT);
        let mut ticks = interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let counted = redis.run_script::<u32, _>(&script, &["edge:fleet"], &[&name]).await;
            if let Ok(edges) = counted {
                self.fleet.store(edges.max(1), Relaxed);
            }
        }
    }
}

/// The task that borrows.
struct Borrower {
    leases: Arc<Leases>,
    redis: Redis,
    links: Arc<Links>,
    metrics: Arc<Metrics>,
    name: String,
    own_key: String,
    script: Script,
    /// Of the last call.
    number: u64,
    /// Keys that hold something, and until when, in that order.
    held: VecDeque<(Instant, Arc<str>, Terms)>,
}

/// A key in a call.
struct Line {
    key: Arc<str>,
    terms: Terms,
    ask: Ask,
}

impl Borrower {
    async fn run(&mut self, mut asked: mpsc::Receiver<Asked>) {
        loop {
            let mut wanted = Vec::new();
            self.gather(&mut asked, &mut wanted).await;
            let lines = self.lines(wanted);
            if !lines.is_empty() {
                self.number += 1;
                self.call(&lines).await;
            }
        }
    }

    /// Waits for keys that need tokens: those of waiting requests at once, others for [`PACE`], so that they share a call.
    async fn gather(&self, asked: &mut mpsc::Receiver<Asked>, wanted: &mut Vec<Asked>) {
        let mut until = self.held.front().map(|(ends, ..)| (*ends).into());
        loop {
            let due = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                one = asked.recv() => {
                    let Some(one) = one else { return std::future::pending().await };
                    let is_urgent = one.is_urgent;
                    wanted.push(one);
                    if is_urgent || wanted.len() >= MAX_KEYS {
                        break;
                    }
                    let soon = tokio::time::Instant::now() + PACE;
                    if wanted.len() == 1 {
                        until = Some(until.map_or(soon, |until| soon.min(until)));
                    }
                }
                () = due => break,
            }
        }
        while wanted.len() < MAX_KEYS
            && let Ok(one) = asked.try_recv()
        {
            wanted.push(one);
        }
    }

    /// What is asked, told and given back for each key.
    fn lines(&mut self, wanted: Vec<Asked>) -> Vec<Line> {
        let (now, fleet) = (Instant::now(), self.leases.fleet());
        let mut keys: Vec<(Arc<str>, Terms)> = wanted.into_iter().map(|one| (one.key, one.terms)).collect();
        while keys.len() < MAX_KEYS
            && let Some((_, key, terms)) = self.held.pop_front_if(|(ends, ..)| *ends <= now)
        {
            keys.push((key, terms));
        }
        keys.sort_by(|(one, _), (other, _)| one.cmp(other));
        keys.dedup_by(|(one, _), (other, _)| one == other);
        let lines = keys.into_iter().map(|(key, terms)| {
            let ask = self.leases.lessees.ask(&key, &terms, fleet, now);
            Line { key, terms, ask }
        });
        // Of what is still held there is nothing to say: it was asked for again meanwhile.
        lines.filter(|line| line.ask != Ask::default()).collect()
    }

    /// One call; repeated with the same number until it is answered, as it may have been carried out.
    async fn call(&mut self, lines: &[Line]) {
        let mut keys = vec![self.own_key.as_str()];
        keys.extend(lines.iter().map(|line| &*line.key));
        let mut args = vec![self.number.to_string(), self.name.clone()];
        args.extend(
            lines
                .iter()
                .flat_map(|line| ask_args(&line.terms, &line.ask))
                .map(|arg| arg.to_string()),
        );
        loop {
            self.metrics.lease_calls.add();
            match self.redis.run_script::<Vec<i64>, _>(&self.script, &keys, &args).await {
                Ok(reply) => return self.answered(lines, &reply),
                Err(error) => self.failed(lines, &error),
            }
            sleep(AGAIN).await;
        }
    }

    fn answered(&mut self, lines: &[Line], reply: &[i64]) {
        let (now, fleet) = (Instant::now(), self.leases.fleet());
        for (line, grant) in lines.iter().zip(grants(reply)) {
            let lessees = &self.leases.lessees;
            lessees.settle(&line.key, &line.terms, fleet, (&line.ask, &grant), now);
            if grant.tokens > 0 {
                self.held.push_back((now + HORIZON, Arc::clone(&line.key), line.terms));
            }
        }
        self.leases.is_away.store(false, Relaxed);
        if self.links.quotas.set(true) {
            tracing::info!("quotas are counted in Redis again");
        }
        self.leases.answers.send_modify(|count| *count += 1);
    }

    fn failed(&self, lines: &[Line], error: &RedisError) {
        self.metrics.quota_store_failures.add();
        if self.links.quotas.set(false) {
            tracing::warn!(%error, "Redis is away: this edge counts its share of quotas alone");
        }
        self.leases.is_away.store(true, Relaxed);
        let now = Instant::now();
        for line in lines {
            self.leases.lessees.unanswered(&line.key, now);
        }
        self.leases.answers.send_modify(|count| *count += 1);
    }
}
