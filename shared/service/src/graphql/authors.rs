//! Authors of a page, looked up at once before its items are answered.

use super::{User, Viewer};
use crate::UserDirectory;
use async_graphql::{Context, Result};
use shared_contracts::user::PublicUser;
use std::{collections::HashMap, sync::Arc};

/// The authors of a page; cheap to clone, so that each item of the page holds all.
#[derive(Debug, Clone, Default)]
pub struct Authors(Arc<HashMap<i64, Arc<PublicUser>>>);

impl Authors {
    /// Looks up the users with these ids if the operation wants the field `author` at `path` below the present field.
    ///
    /// Users who cannot be told are left out: that auth is away must not empty a page.
    ///
    /// # Errors
    /// Where the schema has no [`UserDirectory`] among its data.
    pub async fn ahead(ctx: &Context<'_>, path: &str, ids: impl Iterator<Item = i64>) -> Result<Self> {
        if !wanted(ctx, path, "author") {
            return Ok(Self::default());
        }
        let (users, viewer) = (ctx.data::<UserDirectory>()?, Viewer::of(ctx)?);
        let mut ids: Vec<i64> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let changes = users.changes();
        let found = users
            .by_ids(&ids, &viewer.call_context())
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "showing authors by their stored names");
                Default::default()
            });
        match found.until {
            Some(until) if found.users.len() == ids.len() => viewer.reliance().users(changes, until),
            _ => viewer.reliance().once(),
        }
        Ok(Self(Arc::new(found.users)))
    }

    /// The user with this id; by the stored name alone where auth could not tell.
    pub fn user(&self, id: i64, stored_name: &str) -> User {
        self.0
            .get(&id)
            .map_or_else(|| User::by_name(id, stored_name), |user| User::from(user.as_ref()))
    }
}

/// Whether the operation wants `field` of the objects at `path` below the present field. What is looked up ahead of its
/// field is looked up once a page, and keeps the fields of the answer in the order they were asked for.
pub fn wanted(ctx: &Context<'_>, path: &str, field: &str) -> bool {
    ctx.look_ahead().field(path).field(field).exists()
}
