//! The auth service as a whole, on real stores; one file per operation.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod health;
mod internal;
mod jwks;
mod login;
mod logout;
mod me;
mod refresh;
mod running;
mod signup;
mod users;
