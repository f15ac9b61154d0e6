//! What a notification is about.

use serde::{Deserialize, Serialize};

/// The `type` of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Someone commented on your post.
    NewComment,
    /// Someone liked your post.
    PostLiked,
    /// Someone liked a post that you follow; live only, never stored.
    LikeCreated,
    /// Someone named you in a post or a comment.
    Mention,
}

impl Kind {
    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewComment => "new_comment",
            Self::PostLiked => "post_liked",
            Self::LikeCreated => "like_created",
            Self::Mention => "mention",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_one() {
        for kind in [Kind::NewComment, Kind::PostLiked, Kind::LikeCreated, Kind::Mention] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
