//! What operators say about targets and breakers, over the configuration: each for a time, each written down before it holds.
//!
//! An override is kept by upstream and address. It holds the state that it changes, so it outlives reloads, and finds a target
//! that goes away and comes back.

mod audit;
mod order;

pub(crate) use audit::{Audit, Event, Who, make_room};
pub(crate) use order::{Order, Subject};

use crate::{
    edge::Edge,
    upstream::{States, TargetState, UpstreamState},
};
use chrono::{DateTime, TimeDelta, Utc};
use edge_policy::balance::Placement;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::spawn_blocking, time::sleep_until};

/// How long an override holds if nobody says.
pub(crate) const USUAL_TTL: Duration = Duration::from_secs(60 * 60);
/// The longest an override may hold: what shall last belongs into the file.
pub(crate) const LONGEST_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is asked for.
pub(crate) struct Wish {
    /// About what.
    pub(crate) subject: Subject,
    /// What.
    pub(crate) order: Order,
    /// For how long.
    pub(crate) ttl: Duration,
    /// Why, in the operator's words.
    pub(crate) reason: Option<String>,
}

/// What an override acts on, held so that it lasts.
struct Lever {
    upstream: Arc<UpstreamState>,
    /// The target; none: it acts on the breaker.
    target: Option<Arc<TargetState>>,
}

impl Lever {
    fn of(states: &States, subject: &Subject) -> Self {
        let upstream = states.upstream(subject.upstream());
        Self {
            target: subject.address().map(|address| upstream.target(address)),
            upstream,
        }
    }

    fn pull(&self, order: Order) {
        match &self.target {
            Some(target) => {
                target.placement.set(order.placement());
                self.upstream.bell.ring();
            }
            None => self.upstream.breaker.set(order.breaker()),
        }
    }
}

struct Active {
    order: Order,
    lever: Lever,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    ends: Instant,
    reason: Option<String>,
    who: Who,
}

/// An override as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    /// The upstream.
    pub(crate) upstream: String,
    /// The target's address; none: it is about the breaker.
    pub(crate) target: Option<String>,
    /// `drain`, `disable`, `weight`, `open`, `closed`.
    pub(crate) state: String,
    /// With `weight`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<u32>,
    /// Since when.
    pub(crate) since: DateTime<Utc>,
    /// Until when.
    pub(crate) until: DateTime<Utc>,
    /// How long that is from now.
    pub(crate) seconds_left: u64,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Who said so.
    pub(crate) who: Who,
    /// Whether the configuration knows nothing of what it is about.
    pub(crate) dangling: bool,
}

/// All that hold.
pub(crate) struct Overrides {
    audit: Audit,
    active: Mutex<BTreeMap<Subject, Active>>,
    changed: Notify,
}

impl Overrides {
    /// None, and where to write.
    pub(crate) fn new(audit: Audit) -> Self {
        Self {
            audit,
            active: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn active(&self) -> MutexGuard<'_, BTreeMap<Subject, Active>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a wish down and lets it hold. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be written down. Nothing has changed then.
    pub(crate) fn set(&self, states: &States, wish: Wish, who: &Who, request_id: &str) -> io::Result<()> {
        let mut active = self.active();
        let (before, now) = (active.get(&wish.subject).map(|known| known.order), Utc::now());
        self.audit.write(&Event {
            action: "override",
            subject: Some(&wish.subject),
            before: before.unwrap_or_default().to_json(),
            after: wish.order.to_json(),
            ttl: Some(wish.ttl),
            reason: wish.reason.as_deref(),
            who,
            request_id,
        })?;
        let lever = Lever::of(states, &wish.subject);
        lever.pull(wish.order);
        active.insert(
            wish.subject,
            Active {
                order: wish.order,
                lever,
                since: now,
                until: now + TimeDelta::from_std(wish.ttl).unwrap_or_default(),
                ends: Instant::now() + wish.ttl,
                reason: wish.reason,
                who: who.clone(),
            },
        );
        drop(active);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes an override back; tells whether there was one. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be written down. Nothing has changed then.
    pub(crate) fn clear(&self, subject: &Subject, who: &Who, request_id: &str) -> io::Result<bool> {
        let mut active = self.active();
        let Some(known) = active.get(subject) else {
            return Ok(false);
        };
        self.audit
            .write(&Event::end("reset", subject, known.order, who, request_id))?;
        known.lever.pull(Order::default());
        active.remove(subject);
        Ok(true)
    }

    /// Writes down another deed of an operator. Blocks on the disk.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(crate) fn write(&self, event: &Event<'_>) -> io::Result<()> {
        self.audit.write(event)
    }

    /// Ends those whose time is over. Blocks on the disk.
    fn expire(&self, now: Instant) {
        let mut active = self.active();
        for (subject, known) in active.extract_if(.., |_, known| known.ends <= now) {
            let event = Event::end("expired", &subject, known.order, &known.who, "");
            if let Err(error) = self.audit.write(&event) {
                // It ends all the same: to hold on would be worse than a gap in the file.
                tracing::error!(%error, "the end of an override could not be recorded");
            }
            known.lever.pull(Order::default());
            tracing::info!("override of {subject} expired");
        }
    }

    fn next_end(&self) -> Option<Instant> {
        self.active().values().map(|known| known.ends).min()
    }

    /// Whether any holds, or would, for this subject.
    pub(crate) fn has(&self, subject: &Subject) -> bool {
        self.active().contains_key(subject)
    }

    /// How many hold.
    pub(crate) fn len(&self) -> usize {
        self.active().len()
    }

    /// All, by upstream and target. `is_known` tells whether the configuration has a subject.
    pub(crate) fn list(&self, is_known: impl Fn(&Subject) -> bool) -> Vec<Shown> {
        let now = Instant::now();
        let active = self.active();
        let shown = active.iter().map(|(subject, known)| Shown {
            upstream: subject.upstream().to_owned(),
            target: subject.address().map(|address| address.to_string()),
            state: known.order.word().to_owned(),
            weight: match known.order.placement() {
                Placement::Weight(weight) => Some(weight),
                _ => None,
            },
            since: known.since,
            until: known.until,
            seconds_left: known.ends.saturating_duration_since(now).as_secs(),
            reason: known.reason.clone(),
            who: known.who.clone(),
            dangling: !is_known(subject),
        });
        shown.collect()
    }
}

/// Ends overrides when their time is over, for ever.
pub(crate) async fn expire(edge: Arc<Edge>) {
    loop {
        let next = edge.overrides.next_end();
        let over = async {
            match next {
                Some(end) => sleep_until(end.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = edge.overrides.changed.notified() => continue,
            () = over => {}
        }
        let ending = Arc::clone(&edge);
        let ended = spawn_blocking(move || ending.overrides.expire(Instant::now()));
        if let Err(error) = ended.await {
            tracing::error!(%error, "overrides could not be ended");
        }
        edge.generation.load().reweigh();
    }
}

#[cfg(test)]
mod tests;
