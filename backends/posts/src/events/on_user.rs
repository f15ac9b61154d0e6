//! A user changed: the next look-up asks auth.

use super::id;
use serde::Deserialize;
use shared_event_bus::{After, HandlerError};
use shared_service::UserDirectory;

/// The part of `user.updated` that matters here.
#[derive(Debug, Deserialize)]
pub(super) struct UserUpdated {
    id: String,
}

/// `user.updated`. Other instances notice when what they know grows old.
pub(super) fn updated(users: &UserDirectory, data: &UserUpdated) -> Result<After, HandlerError> {
    users.forget(id(&data.id)?);
    Ok(After::nothing())
}
