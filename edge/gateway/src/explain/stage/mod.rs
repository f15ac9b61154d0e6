//! The facts of each stage, put into words.

pub(super) mod admit;
pub(super) mod arrive;
pub(super) mod cache;
pub(super) mod forward;
pub(super) mod hedge;
pub(super) mod respond;
pub(super) mod route;
pub(super) mod select;
