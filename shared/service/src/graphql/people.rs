//! Types that every subgraph has alike, so that the composed schema has them once.

use crate::{CallContext, Caller, UserDirectory};
use async_graphql::{
    ID, SimpleObject,
    dataloader::{DataLoader, Loader},
};
use shared_contracts::user::PublicUser;
use std::{collections::HashMap, convert::Infallible, sync::Arc};

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

/// Authors by id, asked for in one batch a request.
pub struct Authors {
    users: UserDirectory,
    context: CallContext,
}

impl Authors {
    /// A loader for one request.
    pub fn loader(users: &UserDirectory, caller: &Caller) -> DataLoader<Self> {
        DataLoader::new(
            Self {
                users: users.clone(),
                context: CallContext::from(caller),
            },
            tokio::spawn,
        )
    }

    /// The user with this id; by the stored name alone while auth cannot be asked.
    pub async fn user(ctx: &async_graphql::Context<'_>, id: i64, stored_name: &str) -> async_graphql::Result<User> {
        let Ok(known) = ctx.data::<DataLoader<Self>>()?.load_one(id).await;
        Ok(known.map_or_else(|| User::by_name(id, stored_name), |user| User::from(user.as_ref())))
    }
}

impl Loader<i64> for Authors {
    type Value = Arc<PublicUser>;
    type Error = Infallible;

    /// Those who cannot be told are left out: that auth is away must not empty a page.
    async fn load(&self, ids: &[i64]) -> Result<HashMap<i64, Arc<PublicUser>>, Infallible> {
        let found = self.users.by_ids(ids, &self.context).await;
        Ok(found.unwrap_or_else(|error| {
            tracing::warn!(%error, "showing authors by their stored names");
            HashMap::new()
        }))
    }
}
