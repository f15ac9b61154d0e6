//! Who asks, as resolvers see it. To look is to tie the answer to whom it is for.

use super::reliance::Reliance;
use crate::{CallContext, Caller, User};
use async_graphql::{Context, Result};
use std::sync::Arc;

/// The caller of a GraphQL operation, and what its answer stands on.
#[derive(Debug)]
pub struct Viewer {
    caller: Caller,
    reliance: Arc<Reliance>,
}

impl Viewer {
    pub(super) fn new(caller: Caller, reliance: &Arc<Reliance>) -> Self {
        Self {
            caller,
            reliance: Arc::clone(reliance),
        }
    }

    /// Who asks in this operation.
    ///
    /// # Errors
    /// Where the schema runs outside of [`super::endpoint`].
    pub fn of<'a>(ctx: &Context<'a>) -> Result<&'a Self> {
        ctx.data::<Self>()
    }

    /// All that is known of the caller; the answer is for this request alone then.
    pub fn caller(&self) -> &Caller {
        self.reliance.once();
        &self.caller
    }

    /// The signed-in user. The answer is for that user alone then, or else for all who are not signed in.
    pub fn user(&self) -> Option<&User> {
        match &self.caller.user {
            Some(_) => self.reliance.once(),
            None => self.reliance.anonymous(),
        }
        self.caller.user.as_ref()
    }

    /// What the answer stands on.
    pub fn reliance(&self) -> &Reliance {
        &self.reliance
    }

    /// Names the request to other services, which answers nobody differently.
    pub(super) fn call_context(&self) -> CallContext {
        CallContext::from(&self.caller)
    }
}
