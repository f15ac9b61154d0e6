//! A key prefix in Redis for one test.

use crate::{blocking, env};
use shared_redis::{Options, Redis, RedisError};
use std::time::Duration;

/// The databases that programs use.
const DATABASES: std::ops::RangeInclusive<u8> = 0..=4;

/// A prefix no other test has, for `REDIS_PREFIX`. Its keys stay; [`TestRedis`] deletes them.
pub fn redis_prefix() -> String {
    format!("{}:", env::unique("test"))
}

/// A prefix whose keys are deleted with this guard.
#[derive(Debug)]
pub struct TestRedis {
    prefix: String,
    url: String,
}

impl TestRedis {
    /// A prefix at `TEST_REDIS_URL`.
    #[allow(clippy::new_without_default, reason = "it needs a store")]
    pub fn new() -> Self {
        Self {
            prefix: redis_prefix(),
            url: env::variable("TEST_REDIS_URL"),
        }
    }

    /// The base URL, as `REDIS_URL` has it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The prefix, as `REDIS_PREFIX` has it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A handle on one database, with more patience than a service has.
    ///
    /// # Panics
    /// If `TEST_REDIS_URL` is no URL.
    pub fn redis(&self, database: u8) -> Redis {
        let options = Options {
            budget: Duration::from_secs(2),
            ..Options::default()
        };
        Redis::connect_with(&self.url, database, &self.prefix, &options).expect("TEST_REDIS_URL is a URL")
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        let (url, prefix) = (self.url.clone(), self.prefix.clone());
        blocking::run("deleting the test's keys", async move {
            for database in DATABASES {
                delete_all(&url, database, &prefix)
                    .await
                    .map_err(|error| error.to_string())?;
            }
            Ok(())
        });
    }
}

async fn delete_all(url: &str, database: u8, prefix: &str) -> Result<(), RedisError> {
    let redis = patient(url, database, prefix)?;
    let keys = redis.scan_prefix("").await?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    redis.del(&keys).await?;
    Ok(())
}

fn patient(url: &str, database: u8, prefix: &str) -> Result<Redis, RedisError> {
    let options = Options {
        budget: Duration::from_secs(2),
        ..Options::default()
    };
    Redis::connect_with(url, database, prefix, &options)
}
