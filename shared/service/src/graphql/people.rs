//! Types that every subgraph has alike, so that the composed schema has them once.

use async_graphql::{ID, SimpleObject};
use shared_contracts::user::PublicUser;

/// A user's public facts.
#[derive(Debug, Clone, SimpleObject)]
pub struct User {
    id: ID,
    username: String,
    full_name: String,
    avatar_url: Option<String>,
}

impl User {
    /// What is left to say of a user while auth cannot be asked.
    pub fn by_name(id: i64, username: &str) -> Self {
        Self {
            id: ID::from(id),
            username: username.to_owned(),
            full_name: username.to_owned(),
            avatar_url: None,
        }
    }
}

impl From<&PublicUser> for User {
    fn from(user: &PublicUser) -> Self {
        Self {
            id: ID(user.id.clone()),
            username: user.username.clone(),
            full_name: user.full_name.clone(),
            avatar_url: user.avatar_url.clone(),
        }
    }
}

/// Where a page ends.
#[derive(Debug, Default, SimpleObject)]
pub struct PageInfo {
    /// Whether a page follows.
    pub has_next_page: bool,
    /// Where it begins; opaque.
    pub end_cursor: Option<String>,
}
