//! Posts and first pages of the feed in Redis: what is the same for every viewer.
//!
//! An entry carries the *stamp* that its slot had before the database was read, and counts only while the slot still has
//! that stamp. A writer gives the slots it touched new stamps after its commit and before it answers. So a reader that
//! read the old row, however late it stores it, stores it under a stamp that counts no more: nobody is served what was
//! true before a change that has been answered. Whole answers that were made of entries stand on the same stamps
//! ([`Standing`]), and are given again under the same rule.
//!
//! Redis away: reads go to the database. A change whose stamps could not be renewed is remembered; this process then does
//! not trust any entry until it has renewed the *epoch*, a stamp over all slots. Other processes serve such an entry for
//! no longer than [`FRESH`].

mod slot;
mod stamps;

pub use slot::Slot;

use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared_contracts::Code;
use shared_redis::redis::pipe;
use shared_redis::{Redis, RedisError};
use shared_service::ApiResult;
use shared_service::graphql::{Mark, Marks, Reliance};
use stamps::Stamps;
use std::time::{Duration, Instant};

/// A younger entry is served without asking the database.
const FRESH: Duration = Duration::from_secs(2);
/// A younger entry is served while the database is away.
const KEPT: Duration = Duration::from_secs(600);

/// A value and how it was come by.
#[derive(Debug)]
pub struct Served<T> {
    /// The value.
    pub value: T,
    /// What it stands on.
    pub standing: Standing,
}

/// What a value stands on.
#[derive(Debug)]
pub enum Standing {
    /// These stamps: while they hold, and no longer than this, it would be served again unasked.
    Stamped(Vec<Mark>, Instant),
    /// The database alone, read just now.
    Read,
    /// The database could not be asked: this was true when it was last read.
    Memory,
}

impl Standing {
    /// Tells the answer that it stands on this.
    pub fn tell(&self, reliance: &Reliance) {
        match self {
            Self::Stamped(marks, until) => reliance.root(marks, *until),
            Self::Read | Self::Memory => reliance.once(),
        }
    }

    /// Whether it may be out of date.
    pub fn is_memory(&self) -> bool {
        matches!(self, Self::Memory)
    }
}

#[derive(Serialize, Deserialize)]
struct Entry<T> {
    stamp: String,
    value: T,
}

/// What a look at a slot found.
struct Look<T> {
    /// The slot's stamps; `None` where nothing may be stored.
    marks: Option<Vec<Mark>>,
    /// The entry's value, and until when it is [`FRESH`].
    kept: Option<(T, Instant)>,
}

impl<T> Look<T> {
    const NOTHING: Self = Self {
        marks: None,
        kept: None,
    };
}

/// The cache; cheap to clone.
#[derive(Debug, Clone)]
pub struct PostCache {
    redis: Redis,
    stamps: Stamps,
}

impl PostCache {
    /// A cache in `redis`.
    pub fn new(redis: Redis) -> Self {
        Self {
            stamps: Stamps::new(redis.clone()),
            redis,
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
        // Taken before anything is read, so that it is never later than the truth.
        let now = Instant::now();
        let look = self.look::<T>(slot, now).await;
        let kept = match (look.kept, look.marks.as_ref()) {
            (Some((value, until)), Some(marks)) if now < until => {
                let standing = Standing::Stamped(marks.clone(), until);
                return Ok(Some(Served { value, standing }));
            }
            (kept, _) => kept.map(|(value, _)| value),
        };
        match (load().await, kept) {
            (Ok(Some(value)), _) => Ok(Some(match look.marks {
                Some(marks) => Served {
                    value: self.keep(slot, &marks, value).await,
                    standing: Standing::Stamped(marks, now + FRESH),
                },
                None => Served {
                    value,
                    standing: Standing::Read,
                },
            })),
            (Ok(None), _) => Ok(None),
            (Err(error), Some(value)) if error.code == Code::ServiceUnavailable => Ok(Some(Served {
                value,
                standing: Standing::Memory,
            })),
            (Err(error), _) => Err(error),
        }
    }

    /// A post was written: after the commit, before the answer.
    pub async fn changed(&self, post_id: i64) {
        self.stamps.renew(post_id).await;
    }

    async fn look<T: DeserializeOwned>(&self, slot: Slot, now: Instant) -> Look<T> {
        if !self.stamps.settle().await {
            return Look::NOTHING;
        }
        self.read(slot, now).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "going on without the cache");
            Look::NOTHING
        })
    }

    async fn read<T: DeserializeOwned>(&self, slot: Slot, now: Instant) -> Result<Look<T>, RedisError> {
        let key = self.redis.key(&slot.key());
        let names = stamps::names(slot);
        let mut ask = pipe();
        ask.cmd("MGET").arg(&names.each_ref().map(|name| self.redis.key(name)));
        ask.get(&key).pttl(&key);
        let (stamps, entry, left): (Vec<Option<String>>, Option<Vec<u8>>, i64) = self.redis.pipeline(&ask).await?;
        let Some(stamps) = stamps.into_iter().collect::<Option<Vec<String>>>() else {
            // An entry without its stamps never counts.
            let marks = Some(self.stamps.make(slot).await?);
            return Ok(Look { marks, kept: None });
        };
        let marks = stamps::marks(names, stamps);
        // An entry of another version of this program is no entry.
        let entry = entry.and_then(|bytes| serde_json::from_slice::<Entry<T>>(&bytes).ok());
        let age = KEPT.saturating_sub(Duration::from_millis(u64::try_from(left).unwrap_or(0)));
        let kept = entry
            .filter(|entry| entry.stamp == stamp(&marks))
            .map(|entry| (entry.value, now + FRESH.saturating_sub(age)));
        Ok(Look {
            marks: Some(marks),
            kept,
        })
    }

    async fn keep<T: Serialize + Sync>(&self, slot: Slot, marks: &[Mark], value: T) -> T {
        let entry = Entry {
            stamp: stamp(marks),
            value,
        };
        if let Err(error) = self.redis.set_json(&slot.key(), &entry, KEPT).await {
            tracing::debug!(%error, "nothing was cached");
        }
        entry.value
    }
}

#[async_trait]
impl Marks for PostCache {
    async fn hold(&self, marks: &[Mark]) -> bool {
        self.stamps.hold(marks).await
    }
}

/// What an entry carries of its slot's stamps.
fn stamp(marks: &[Mark]) -> String {
    let values: Vec<&str> = marks.iter().map(|mark| mark.value.as_str()).collect();
    values.join("/")
}
