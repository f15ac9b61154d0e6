//! The service from outside, on real stores: one file an operation or a hazard.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_requests;
mod cache;
mod comment_count;
mod create_post;
mod delete_post;
mod faults;
mod get_post;
mod get_posts;
mod internal;
mod like_post;
mod relay;
mod schema;
mod update_post;
mod world;
