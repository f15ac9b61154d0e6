//! The stamps: renewed by writers, compared by readers.

use super::slot::{EPOCH, Slot};
use shared_redis::redis::{cmd, pipe};
use shared_redis::{Redis, RedisError};
use shared_service::graphql::Mark;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Stamps outlive the entries that carry them; a stamp that is gone is replaced by one that no entry has.
const STAMPED: Duration = Duration::from_secs(3600);

/// The stamps in Redis; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Stamps {
    redis: Redis,
    debts: Arc<Debts>,
}

/// Changes that Redis could not be told of, counted, and up to which the epoch was renewed since.
#[derive(Debug, Default)]
struct Debts {
    made: AtomicU64,
    paid: AtomicU64,
}

impl Stamps {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            redis,
            debts: Arc::default(),
        }
    }

    /// Gives the slots that a change of this post touches new stamps, and drops the post's entry.
    pub(super) async fn renew(&self, post_id: i64) {
        let (post, feed) = (Slot::Post(post_id), Slot::Feed(0));
        let mut renew = pipe();
        for slot in [post, feed] {
            let stamp = self.redis.key(&slot.stamp_key());
            renew.set_ex(stamp, new_stamp(), STAMPED.as_secs()).ignore();
        }
        renew.del(self.redis.key(&post.key())).ignore();
        if let Err(error) = self.redis.pipeline::<()>(&renew).await {
            self.debts.made.fetch_add(1, Ordering::SeqCst);
            tracing::debug!(%error, post_id, "the cache could not be told of a change");
        }
    }

    /// Whether stamps may be trusted; renews the epoch first, if a change is owed.
    pub(super) async fn settle(&self) -> bool {
        let made = self.debts.made.load(Ordering::SeqCst);
        if self.debts.paid.load(Ordering::SeqCst) >= made {
            return true;
        }
        let paid = self.redis.set_text(EPOCH, &new_stamp(), STAMPED).await.is_ok();
        if paid {
            self.debts.paid.fetch_max(made, Ordering::SeqCst);
        }
        paid
    }

    /// Makes those of the slot's stamps that nobody made, or that Redis dropped.
    pub(super) async fn make(&self, slot: Slot) -> Result<Vec<Mark>, RedisError> {
        let names = names(slot);
        let mut make = pipe();
        for name in &names {
            let set = make.cmd("SET").arg(self.redis.key(name)).arg(new_stamp());
            set.arg("NX").arg("EX").arg(STAMPED.as_secs()).ignore();
        }
        make.cmd("MGET").arg(&names.each_ref().map(|name| self.redis.key(name)));
        let (values,): (Vec<String>,) = self.redis.pipeline(&make).await?;
        Ok(marks(names, values))
    }

    /// Whether each stamp still has its value.
    pub(super) async fn hold(&self, marks: &[Mark]) -> bool {
        if !self.settle().await {
            return false;
        }
        let mut ask = cmd("MGET");
        for mark in marks {
            ask.arg(self.redis.key(&mark.name));
        }
        match self.redis.query::<Vec<Option<String>>>(&ask).await {
            Ok(values) => {
                let expected = marks.iter().map(|mark| Some(mark.value.as_str()));
                values.iter().map(Option::as_deref).eq(expected)
            }
            Err(error) => {
                tracing::debug!(%error, "going on without the cache");
                false
            }
        }
    }
}

/// The stamps that an entry in this slot stands on.
pub(super) fn names(slot: Slot) -> [String; 2] {
    [EPOCH.to_owned(), slot.stamp_key()]
}

/// Names and values together.
pub(super) fn marks(names: [String; 2], values: Vec<String>) -> Vec<Mark> {
    let pairs = names.into_iter().zip(values);
    pairs.map(|(name, value)| Mark { name, value }).collect()
}

fn new_stamp() -> String {
    Uuid::new_v4().simple().to_string()
}
