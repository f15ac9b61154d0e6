//! The comments service: comments on posts, and their live stream.
//!
//! `graphql` and `sse` are how the world asks; they call `operations`, one file each, which hold the transactions;
//! those use `domain` (rules), `store` (queries), `events`, and tell `live` what was committed.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod app;
pub mod config;
pub mod domain;
pub mod events;
pub mod graphql;
pub mod live;
pub mod operations;
pub mod sse;
pub mod store;
