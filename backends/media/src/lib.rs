//! Media: uploads told by content, stored files served with ranges, deleted by their owners.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod app;
pub mod config;
pub mod domain;
mod http;
pub mod storage;
mod store;
