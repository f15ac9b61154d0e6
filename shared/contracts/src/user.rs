//! Public facts about a user, as auth tells them to other services.

use serde::{Deserialize, Serialize};

/// What everybody may know about a user. Ids are text everywhere on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicUser {
    /// Id, decimal text.
    pub id: String,
    /// Unique name.
    pub username: String,
    /// Display name.
    pub full_name: String,
    /// Picture, if any.
    pub avatar_url: Option<String>,
}

/// Path of auth's batched look-up: `?ids=1,2,3` or `?usernames=a,b`, at most [`MAX_LOOKUP`] of them.
pub const LOOKUP_PATH: &str = "/internal/users";
/// Most users one look-up answers.
pub const MAX_LOOKUP: usize = 200;

/// The answer of [`LOOKUP_PATH`]: those that exist, in no particular order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupAnswer {
    /// The users found.
    pub users: Vec<PublicUser>,
}
