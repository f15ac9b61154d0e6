//! A request's way, one file a phase, in this order. [`way`] is all that is decided before anything is sent, [`crate::proxy`]
//! says when each phase is called.

pub(crate) mod admit;
pub(crate) mod arrive;
mod ask;
pub(crate) mod cache;
mod effects;
pub(crate) mod fallback;
pub(crate) mod forward;
pub(crate) mod graphql;
pub(crate) mod hedge;
pub(crate) mod identify;
pub(crate) mod neighbour;
pub(crate) mod record;
mod relay;
pub(crate) mod respond;
pub(crate) mod route;
pub(crate) mod select;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod upgrade;
mod way;

pub(crate) use ask::Wish;
pub(crate) use effects::{Effects, Note, Refreshing, Serving};
pub(crate) use way::{Way, way};
