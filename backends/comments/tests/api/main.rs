//! The service's operations, one file each, every test on stores of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod change_comment;
mod create_comment;
mod faults;
mod get_comments;
mod post_deleted;
mod schema;
mod watch_comments;
mod world;
