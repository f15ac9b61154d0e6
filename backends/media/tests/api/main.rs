//! The service's operations, one file each, on a database, a vhost and a directory of their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod delete;
mod file;
mod platform;
mod upload;
