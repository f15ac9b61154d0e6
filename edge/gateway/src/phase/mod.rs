//! A request's way, one file a phase, in this order. [`crate::proxy`] says when each is called.

pub(crate) mod admit;
pub(crate) mod arrive;
pub(crate) mod forward;
pub(crate) mod graphql;
pub(crate) mod record;
pub(crate) mod respond;
pub(crate) mod route;
pub(crate) mod select;
pub(crate) mod upgrade;
