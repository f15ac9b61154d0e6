//! The commands that services use, typed.

use crate::{Redis, RedisError};
use redis::{Script, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;
use std::time::Duration;

/// A count within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// The count, this time included.
    pub count: i64,
    /// When the window ends and the count with it.
    pub resets_in: Duration,
}

static INCREMENT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local n = redis.call('INCR', KEYS[1])
         local left = redis.call('PTTL', KEYS[1])
         if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]); left = tonumber(ARGV[1]) end
         return {n, left}",
    )
});

/// Keys per step of a scan.
const SCAN_STEP: usize = 500;

impl Redis {
    /// Asks Redis to answer; for readiness checks.
    ///
    /// # Errors
    /// [`RedisError::Unavailable`] if it does not within the budget.
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.query(&cmd("PING")).await
    }

    /// The value of `key`, if there is one.
    ///
    /// # Errors
    /// As [`Redis::query`]; [`RedisError::Json`] if the value is of another shape.
    pub async fn get_json<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, RedisError> {
        let bytes: Option<Vec<u8>> = self.query(cmd("GET").arg(self.key(key))).await?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// The values of `keys` in their order; `None` where there is none.
    ///
    /// # Errors
    /// As [`Redis::get_json`].
    pub async fn get_many_json<T: DeserializeOwned>(&self, keys: &[String]) -> Result<Vec<Option<T>>, RedisError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = cmd("MGET");
        for key in keys {
            command.arg(self.key(key));
        }
        let found: Vec<Option<Vec<u8>>> = self.query(&command).await?;
        let parsed = found
            .into_iter()
            .map(|bytes| bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose());
        Ok(parsed.collect::<Result<_, _>>()?)
    }

    /// The plain texts of `keys` in their order; `None` where there is none.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn get_many_text(&self, keys: &[String]) -> Result<Vec<Option<String>>, RedisError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = cmd("MGET");
        for key in keys {
            command.arg(self.key(key));
        }
        self.query(&command).await
    }

    /// Sets `key` for `ttl` (at least a millisecond).
    ///
    /// # Errors
    /// As [`Redis::query`]; [`RedisError::Json`] if `value` has no JSON form.
    pub async fn set_json<T: Serialize + Sync>(&self, key: &str, value: &T, ttl: Duration) -> Result<(), RedisError> {
        self.set_bytes(key, serde_json::to_vec(value)?, ttl).await
    }

    /// Sets `key` to plain text for `ttl` (at least a millisecond).
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn set_text(&self, key: &str, value: &str, ttl: Duration) -> Result<(), RedisError> {
        self.set_bytes(key, value.as_bytes().to_vec(), ttl).await
    }

    async fn set_bytes(&self, key: &str, value: Vec<u8>, ttl: Duration) -> Result<(), RedisError> {
        self.query(
            cmd("SET")
                .arg(self.key(key))
                .arg(value)
                .arg("PX")
                .arg(milliseconds(ttl)),
        )
        .await
    }

    /// The plain text of `key`, if there is one.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn get_text(&self, key: &str) -> Result<Option<String>, RedisError> {
        self.query(cmd("GET").arg(self.key(key))).await
    }

    /// Deletes `keys`; how many there were.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn del(&self, keys: &[&str]) -> Result<u64, RedisError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let mut command = cmd("DEL");
        for key in keys {
            command.arg(self.key(key));
        }
        self.query(&command).await
    }

    /// Counts one more under `key`; the first sets the window's length, later ones do not move it.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn incr_with_ttl(&self, key: &str, ttl: Duration) -> Result<Counter, RedisError> {
        let (count, left): (i64, u64) = self.run_script(&INCREMENT, &[key], &[milliseconds(ttl)]).await?;
        Ok(Counter {
            count,
            resets_in: Duration::from_millis(left),
        })
    }

    /// Sends `payload` to those subscribed to `channel` now; how many there were.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn publish(&self, channel: &str, payload: &str) -> Result<u64, RedisError> {
        self.query(cmd("PUBLISH").arg(self.key(channel)).arg(payload)).await
    }

    /// All keys that start with `prefix`, without the handle's own prefix; each once.
    ///
    /// Keys set or deleted meanwhile may or may not be among them. The budget holds for each step.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn scan_prefix(&self, prefix: &str) -> Result<Vec<String>, RedisError> {
        let pattern = format!("{}*", escape_glob(&self.key(prefix)));
        let mut found = std::collections::BTreeSet::new();
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_STEP);
            let (next, keys): (u64, Vec<String>) = self.query(&scan).await?;
            found.extend(
                keys.into_iter()
                    .filter_map(|key| key.strip_prefix(self.prefix()).map(str::to_owned)),
            );
            if next == 0 {
                return Ok(found.into_iter().collect());
            }
            cursor = next;
        }
    }
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Makes `text` match itself alone in Redis' glob patterns.
pub(crate) fn escape_glob(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
