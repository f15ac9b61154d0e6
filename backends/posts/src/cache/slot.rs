//! Places in the cache, and the names under which Redis knows them.

/// The stamp over all slots.
pub(super) const EPOCH: &str = "posts:stamp:epoch";

/// A place in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// One post, by id.
    Post(i64),
    /// The first page of the feed, by its size.
    Feed(i64),
}

impl Slot {
    /// Where the entry is.
    pub(super) fn key(self) -> String {
        match self {
            Self::Post(id) => format!("posts:post:{id}"),
            Self::Feed(limit) => format!("posts:feed:{limit}"),
        }
    }

    /// Where the stamp is. Pages of all sizes share theirs.
    pub(super) fn stamp_key(self) -> String {
        match self {
            Self::Post(id) => format!("posts:stamp:post:{id}"),
            Self::Feed(_) => "posts:stamp:feed".to_owned(),
        }
    }
}
