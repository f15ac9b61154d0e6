//! The posts service: posts, likes, the feed.
//!
//! `graphql` and `http` are how the world asks; they call `operations`, one file each, which hold the transactions;
//! those use `domain` (rules), `store` (queries), `cache` and `events`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod app;
pub mod cache;
pub mod config;
pub mod domain;
pub mod events;
pub mod graphql;
pub mod http;
pub mod operations;
pub mod store;
