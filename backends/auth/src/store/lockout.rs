//! Failed sign-ins, counted by account *and* client, so that a stranger's failures lock out the stranger alone.

use crate::domain::account::Email;
use sha2::{Digest, Sha256};
use shared_redis::{Redis, RedisError, redis::cmd};
use std::{
    collections::HashMap,
    fmt::Write,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures after which a client has to wait.
const ALLOWED: i64 = 10;
/// Counted from the first failure; then the count starts anew.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Most pairs remembered in the process.
const LOCAL_PAIRS: usize = 100_000;

/// An account (existing or not) and a client's network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pair(String);

impl Pair {
    /// The pair's key. The address is hashed, so that Redis holds no list of e-mail addresses.
    pub(crate) fn new(email: &Email, client: Option<IpAddr>) -> Self {
        let mut key = "auth:failures:".to_owned();
        for byte in Sha256::digest(email.as_str()).iter().take(16) {
            let _ = write!(key, "{byte:02x}");
        }
        let _ = match client.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => write!(key, ":{ip}"),
            // A subscriber gets a /64 (RFC 6177), and could use a new address for each attempt.
            Some(IpAddr::V6(ip)) => write!(key, ":{:x}", ip.to_bits() >> 64),
            None => write!(key, ":unknown"),
        };
        Self(key)
    }
}

/// Counts failures in Redis, and in the process while Redis is away.
pub(crate) struct Lockout {
    redis: Redis,
    local: Mutex<HashMap<Pair, (i64, Instant)>>,
}

impl Lockout {
    /// A lock-out that counts in `redis`.
    pub(crate) fn new(redis: Redis) -> Self {
        Self {
            redis,
            local: Mutex::default(),
        }
    }

    /// How long this client must wait before it may try this account again.
    pub(crate) async fn wait(&self, pair: &Pair) -> Option<Duration> {
        let here = self.with_local(|local| {
            let (count, since) = local.get(pair)?;
            (*count >= ALLOWED).then(|| WINDOW.saturating_sub(since.elapsed()))
        });
        let left = match self.wait_in_redis(pair).await {
            Ok(there) => there.max(here),
            Err(error) => {
                tracing::debug!(%error, "failures are counted in the process");
                here
            }
        };
        left.filter(|left| !left.is_zero())
    }

    async fn wait_in_redis(&self, pair: &Pair) -> Result<Option<Duration>, RedisError> {
        let count = self
            .redis
            .get_text(&pair.0)
            .await?
            .and_then(|count| count.parse().ok())
            .unwrap_or(0_i64);
        if count < ALLOWED {
            return Ok(None);
        }
        let left: i64 = self.redis.query(cmd("PTTL").arg(self.redis.key(&pair.0))).await?;
        Ok(u64::try_from(left).ok().map(Duration::from_millis))
    }

    /// Counts one more failure.
    pub(crate) async fn failed(&self, pair: &Pair) {
        if self.redis.incr_with_ttl(&pair.0, WINDOW).await.is_err() {
            self.with_local(|local| {
                if local.len() >= LOCAL_PAIRS {
                    local.retain(|_, (_, since)| since.elapsed() < WINDOW);
                }
                if local.len() < LOCAL_PAIRS || local.contains_key(pair) {
                    let entry = local.entry(pair.clone()).or_insert_with(|| (0, Instant::now()));
                    if entry.1.elapsed() >= WINDOW {
                        *entry = (0, Instant::now());
                    }
                    entry.0 += 1;
                }
            });
        }
    }

    /// Forgets the failures: the right password was shown.
    pub(crate) async fn succeeded(&self, pair: &Pair) {
        self.with_local(|local| local.remove(pair));
        if let Err(error) = self.redis.del(&[&pair.0]).await {
            tracing::debug!(%error, "failures stay counted");
        }
    }

    fn with_local<T>(&self, work: impl FnOnce(&mut HashMap<Pair, (i64, Instant)>) -> T) -> T {
        work(&mut self.local.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(email: &str, ip: &str) -> Pair {
        Pair::new(&Email::parse(email).unwrap(), ip.parse().ok())
    }

    #[test]
    fn pairs_tell_accounts_and_networks_apart() {
        let one = pair("a@b.de", "192.0.2.1");
        assert_eq!(one, pair("A@B.de", "::ffff:192.0.2.1"));
        assert_ne!(one, pair("a@b.de", "192.0.2.2"));
        assert_ne!(one, pair("c@b.de", "192.0.2.1"));
        assert_eq!(pair("a@b.de", "2001:db8::1"), pair("a@b.de", "2001:db8::ffff"));
        assert_ne!(pair("a@b.de", "2001:db8::1"), pair("a@b.de", "2001:db8:0:1::1"));
        assert!(!one.0.contains("a@b"), "{one:?}");
    }

    #[tokio::test]
    async fn without_redis_the_process_counts() {
        let lockout = Lockout::new(Redis::connect("redis://127.0.0.1:1", 3, "").unwrap());
        let (mine, others) = (pair("a@b.de", "192.0.2.1"), pair("a@b.de", "192.0.2.2"));
        for _ in 0..ALLOWED {
            assert_eq!(lockout.wait(&mine).await, None);
            lockout.failed(&mine).await;
        }
        let left = lockout.wait(&mine).await.unwrap();
        assert!(left <= WINDOW && left > WINDOW - Duration::from_secs(60), "{left:?}");
        assert_eq!(lockout.wait(&others).await, None);
        lockout.succeeded(&mine).await;
        assert_eq!(lockout.wait(&mine).await, None);
    }
}
