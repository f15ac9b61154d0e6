//! What tests share: a database, vhost and key prefix per test, tokens, clients, a fault proxy.
//!
//! The stores are named by `TEST_DATABASE_URL`, `TEST_REDIS_URL`, `TEST_AMQP_URL` and `TEST_AMQP_ADMIN_URL`, which
//! `cargo dev test` sets. Whatever a test makes there is gone when its guard is dropped, also when the test panics.
//!
//! ```no_run
//! # async fn example() {
//! use shared_testkit::{Client, ServiceTokens, TestDb, serve};
//!
//! # const MIGRATIONS: shared_postgres::EmbeddedMigrations = shared_postgres::EmbeddedMigrations::new(&[]);
//! let db = TestDb::new(&[MIGRATIONS]).await;
//! let tokens = ServiceTokens::new();
//! let router = axum::Router::new(); // the service's, on db.pool() and tokens.digests()
//! let client = Client::edge(serve(router).await, &tokens).as_user(7, "ann");
//! let answer = client.get("/api/posts/health").await;
//! assert_eq!(answer.status, 200);
//! # drop(db);
//! # }
//! ```
#![allow(
    clippy::expect_used,
    reason = "a helper that fails has to fail its test, with a text"
)]

mod answer;
mod auth_peer;
mod blocking;
mod client;
mod database;
mod env;
mod eventually;
mod fault;
mod forgeries;
mod graphql;
mod multipart;
mod server;
mod sse;
mod store_redis;
mod tokens;
mod vhost;

pub use answer::Answer;
pub use auth_peer::AuthPeer;
pub use client::Client;
pub use database::TestDb;
pub use eventually::{Outcome, eventually};
pub use fault::FaultProxy;
pub use forgeries::{Forgery, forgeries};
pub use graphql::assert_refused;
pub use multipart::Multipart;
pub use server::serve;
pub use sse::{SseEvent, SseStream};
pub use store_redis::{TestRedis, redis_prefix};
pub use tokens::{ServiceTokens, TestTokens};
pub use vhost::{Message, TestVhost};
