//! The Redis connection concern: pool, time budgets, pub/sub that reconnects.
//!
//! ```no_run
//! # async fn example() -> Result<(), shared_redis::RedisError> {
//! use shared_redis::Redis;
//! use std::time::Duration;
//!
//! let redis = Redis::connect("redis://127.0.0.1:6379", 1, "")?;
//! redis.set_json("posts:post:1", &vec![1, 2], Duration::from_secs(60)).await?;
//! let cached: Option<Vec<i64>> = redis.get_json("posts:post:1").await?;
//! # let _ = cached;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod breaker;
mod client;
mod commands;
mod error;
mod pool;
mod subscribe;

pub use client::{Options, Redis};
pub use commands::Counter;
pub use error::RedisError;
pub use redis::{self, Cmd, FromRedisValue, Pipeline, Script, ToRedisArgs, Value};
pub use subscribe::{Event, Events};
