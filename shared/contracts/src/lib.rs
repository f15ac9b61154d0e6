//! Wire facts every program of the platform agrees on: events, claims, header names, error bodies.
//!
//! Nothing here does I/O; a change here is a change of contract.

pub mod claims;
pub mod code;
pub mod event;
pub mod header;
pub mod problem;
pub mod revocation;
pub mod token;
pub mod user;

pub use code::Code;
pub use problem::Problem;
