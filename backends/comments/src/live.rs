//! Who watches which post, at this instance, and what all instances tell each other over Redis.
//!
//! A change is told to this instance's watchers at once and to the other instances by Redis pub/sub, so that a single
//! instance needs no Redis. An instance that lost its subscription may have missed changes: it ends its watchers'
//! streams once it hears again, and their clients come back and read anew.

use serde::{Deserialize, Serialize};
use shared_contracts::event::Comment;
use shared_redis::{Event, Redis};
use shared_service::Shutdown;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast::{self, error::RecvError};
use uuid::Uuid;

/// The Redis channel; the prefix keeps it from other services.
const CHANNEL: &str = "comments:live";
/// A watcher that is this many changes behind is let go.
const BACKLOG: usize = 256;

/// What happened to a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    CommentAdded,
    /// Its text changed.
    CommentUpdated,
    /// It is gone.
    CommentDeleted,
}

impl Kind {
    /// The name of the live event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommentAdded => "comment_added",
            Self::CommentUpdated => "comment_updated",
            Self::CommentDeleted => "comment_deleted",
        }
    }
}

/// A committed change of a comment, as watchers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The post.
    pub post_id: String,
    /// The comment's id.
    pub comment_id: String,
    /// The comment after, for a deleted one before, the change.
    pub comment: Comment,
}

impl Change {
    /// A new comment.
    pub fn added(comment: Comment) -> Self {
        Self::new(Kind::CommentAdded, comment)
    }

    /// A changed comment.
    pub fn updated(comment: Comment) -> Self {
        Self::new(Kind::CommentUpdated, comment)
    }

    /// A deleted comment.
    pub fn deleted(comment: Comment) -> Self {
        Self::new(Kind::CommentDeleted, comment)
    }

    fn new(kind: Kind, comment: Comment) -> Self {
        Self {
            kind,
            post_id: comment.post_id.clone(),
            comment_id: comment.id.clone(),
            comment,
        }
    }
}

/// What one instance tells the others.
#[derive(Serialize, Deserialize)]
struct Message {
    origin: Arc<str>,
    change: Change,
}

/// The live changes; cheap to clone.
#[derive(Clone)]
pub struct Live {
    redis: Redis,
    /// Names this instance, which has told its own watchers already.
    origin: Arc<str>,
    watched: Watched,
}

type Watched = Arc<Mutex<HashMap<i64, broadcast::Sender<Arc<Change>>>>>;

impl Live {
    /// Begins to hear the other instances, until `shutdown`. Redis may be away.
    pub fn start(redis: Redis, shutdown: Shutdown) -> Self {
        let origin = Uuid::new_v4().to_string().into();
        let live = Self {
            redis,
            origin,
            watched: Watched::default(),
        };
        let hearing = live.clone();
        tokio::spawn(async move {
            tokio::select! { () = hearing.hear() => {}, () = shutdown.cancelled() => {} }
            // Whoever still watches is to come back elsewhere.
            lock(&hearing.watched).clear();
        });
        live
    }

    /// What happens to a post's comments from now on.
    pub fn watch(&self, post_id: i64) -> Watcher {
        let mut watched = lock(&self.watched);
        let changes = watched
            .entry(post_id)
            .or_insert_with(|| broadcast::channel(BACKLOG).0)
            .subscribe();
        Watcher {
            post_id,
            changes: Some(changes),
            watched: Arc::clone(&self.watched),
        }
    }

    /// Tells all who watch the post, at every instance: after the commit.
    pub async fn tell(&self, change: &Change) {
        self.tell_here(change.clone());
        let message = Message {
            origin: Arc::clone(&self.origin),
            change: change.clone(),
        };
        let Ok(payload) = serde_json::to_string(&message) else {
            return;
        };
        if let Err(error) = self.redis.publish(CHANNEL, &payload).await {
            tracing::warn!(%error, "other instances' watchers miss a change");
        }
    }

    fn tell_here(&self, change: Change) {
        let Ok(post_id) = change.post_id.parse() else { return };
        if let Some(watchers) = lock(&self.watched).get(&post_id) {
            // Nobody may be left; that is their business.
            let _ = watchers.send(Arc::new(change));
        }
    }

    async fn hear(&self) {
        let mut events = self.redis.subscribe(&[CHANNEL], &[]);
        let mut lost = false;
        while let Some(event) = events.recv().await {
            match event {
                Event::Message { payload, .. } => match serde_json::from_str::<Message>(&payload) {
                    Ok(message) if message.origin == self.origin => {}
                    Ok(message) => self.tell_here(message.change),
                    Err(error) => tracing::warn!(%error, "a change from another instance cannot be read"),
                },
                Event::Lost => lost = true,
                Event::Subscribed if lost => {
                    lost = false;
                    lock(&self.watched).clear();
                }
                Event::Subscribed => {}
            }
        }
    }
}

fn lock(watched: &Watched) -> MutexGuard<'_, HashMap<i64, broadcast::Sender<Arc<Change>>>> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who watches a post.
#[derive(Debug)]
pub struct Watcher {
    post_id: i64,
    /// Taken only when it is dropped.
    changes: Option<broadcast::Receiver<Arc<Change>>>,
    watched: Watched,
}

impl Watcher {
    /// The next change; `None` where the watcher fell too far behind or must come back, and read anew.
    pub async fn next(&mut self) -> Option<Arc<Change>> {
        match self.changes.as_mut()?.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(missed, "a watcher fell behind");
                None
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.changes = None;
        let mut watched = lock(&self.watched);
        if watched
            .get(&self.post_id)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            watched.remove(&self.post_id);
        }
    }
}
