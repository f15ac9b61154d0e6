//! Posts and first pages of the feed in Redis: what is the same for every viewer.
//!
//! An entry carries the *stamp* that its slot had before the database was read, and counts only while the slot still has
//! that stamp. A writer gives the slots it touched new stamps after its commit and before it answers. So a reader that
//! read the old row, however late it stores it, stores it under a stamp that counts no more: nobody is served what was
//! true before a change that has been answered.
//!
//! Redis away: reads go to the database. A change whose stamps could not be renewed is remembered; this process then does
//! not trust any entry until it has renewed the *epoch*, a stamp over all slots. Other processes serve such an entry for
//! no longer than [`FRESH`].

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared_contracts::Code;
use shared_redis::redis::pipe;
use shared_redis::{Redis, RedisError};
use shared_service::ApiResult;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// A younger entry is served without asking the database.
const FRESH: Duration = Duration::from_secs(2);
/// A younger entry is served while the database is away.
const KEPT: Duration = Duration::from_secs(600);
/// Stamps outlive the entries that carry them; a stamp that is gone is replaced by one that no entry has.
const STAMPED: Duration = Duration::from_secs(3600);
const EPOCH: &str = "posts:stamp:epoch";

/// A place in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// One post, by id.
    Post(i64),
    /// The first page of the feed, by its size.
    Feed(i64),
}

impl Slot {
    fn key(self) -> String {
        match self {
            Self::Post(id) => format!("posts:post:{id}"),
            Self::Feed(limit) => format!("posts:feed:{limit}"),
        }
    }

    fn stamp_key(self) -> String {
        match self {
            Self::Post(id) => format!("posts:stamp:post:{id}"),
            Self::Feed(_) => "posts:stamp:feed".to_owned(),
        }
    }
}

/// A value and how it was come by.
#[derive(Debug)]
pub struct Served<T> {
    /// The value.
    pub value: T,
    /// The database could not be asked: this was true when it was last read.
    pub from_memory: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry<T> {
    stamp: String,
    value: T,
}

/// What a look at a slot found.
struct Look<T> {
    /// The slot's stamp; `None` where nothing may be stored.
    stamp: Option<String>,
    /// The entry's value and whether it is [`FRESH`].
    kept: Option<(T, bool)>,
}

/// The cache; cheap to clone.
#[derive(Debug, Clone)]
pub struct PostCache {
    redis: Redis,
    debts: Arc<Debts>,
}

/// Changes that Redis could not be told of, counted, and up to which the epoch was renewed since.
#[derive(Debug, Default)]
struct Debts {
    made: AtomicU64,
    paid: AtomicU64,
}

impl PostCache {
    /// A cache in `redis`.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            debts: Arc::default(),
        }
    }

    /// The slot's value, out of the cache or by `load`, which answers `None` where there is no such thing.
    ///
    /// # Errors
    /// Those of `load`; while the database is away, only where the cache does not know the last state either.
    pub async fn through<T, F>(&self, slot: Slot, load: F) -> ApiResult<Option<Served<T>>>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
        F: AsyncFnOnce() -> ApiResult<Option<T>>,
    {
        let look = self.look::<T>(slot).await;
        let kept = match look.kept {
            Some((value, true)) => {
                return Ok(Some(Served {
                    value,
                    from_memory: false,
                }));
            }
            Some((value, false)) => Some(value),
            None => None,
        };
        match (load().await, kept) {
            (Ok(Some(value)), _) => {
                let value = match look.stamp {
                    Some(stamp) => self.keep(slot, Entry { stamp, value }).await,
                    None => value,
                };
                Ok(Some(Served {
                    value,
                    from_memory: false,
                }))
            }
            (Ok(None), _) => Ok(None),
            (Err(error), Some(value)) if error.code == Code::ServiceUnavailable => Ok(Some(Served {
                value,
                from_memory: true,
            })),
            (Err(error), _) => Err(error),
        }
    }

    /// A post was written: after the commit, before the answer.
    pub async fn changed(&self, post_id: i64) {
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

    /// Whether entries may be trusted; renews the epoch first, if a change is owed.
    async fn settle(&self) -> bool {
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

    async fn look<T: DeserializeOwned>(&self, slot: Slot) -> Look<T> {
        let found = if self.settle().await {
            self.read(slot).await
        } else {
            Ok(Look {
                stamp: None,
                kept: None,
            })
        };
        found.unwrap_or_else(|error| {
            tracing::debug!(%error, "going on without the cache");
            Look {
                stamp: None,
                kept: None,
            }
        })
    }

    async fn read<T: DeserializeOwned>(&self, slot: Slot) -> Result<Look<T>, RedisError> {
        let key = self.redis.key(&slot.key());
        let mut ask = pipe();
        for stamp in [self.redis.key(EPOCH), self.redis.key(&slot.stamp_key())] {
            // A stamp that nobody made, or that Redis dropped, is made here: an entry without one never counts.
            let make = ask.cmd("SET").arg(&stamp).arg(new_stamp()).arg("NX").arg("EX");
            make.arg(STAMPED.as_secs()).ignore();
            ask.get(&stamp);
        }
        ask.get(&key).pttl(&key);
        let (epoch, stamp, entry, left): (String, String, Option<Vec<u8>>, i64) = self.redis.pipeline(&ask).await?;
        let stamp = format!("{epoch}/{stamp}");
        // An entry of another version of this program is no entry.
        let entry = entry.and_then(|bytes| serde_json::from_slice::<Entry<T>>(&bytes).ok());
        let age = KEPT.saturating_sub(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
        let kept = entry
            .filter(|entry| entry.stamp == stamp)
            .map(|entry| (entry.value, age < FRESH));
        Ok(Look {
            stamp: Some(stamp),
            kept,
        })
    }

    async fn keep<T: Serialize + Sync>(&self, slot: Slot, entry: Entry<T>) -> T {
        if let Err(error) = self.redis.set_json(&slot.key(), &entry, KEPT).await {
            tracing::debug!(%error, "nothing was cached");
        }
        entry.value
    }
}

fn new_stamp() -> String {
    Uuid::new_v4().simple().to_string()
}
