//! Where sessions of Engine.IO are, told to all edges by way of Redis: a client without cookies may poll whichever edge it likes.

use super::Links;
use shared_redis::{Options, Redis, RedisError};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The longest that a poll waits for Redis.
const BUDGET: Duration = Duration::from_millis(50);
/// The same for the first one, which finds no connection.
const FIRST_BUDGET: Duration = Duration::from_millis(200);
/// After a failure Redis is asked again at most this often.
const COOL_DOWN: Duration = Duration::from_millis(500);
const CONNECTIONS: u32 = 4;
/// A session is forgotten when no edge has told it for this long. Edges that are polled tell it far more often.
const KEPT: Duration = Duration::from_secs(600);

/// The sessions that edges tell each other.
pub(crate) struct SharedSessions {
    url: String,
    prefix: String,
    links: Arc<Links>,
    redis: OnceLock<Result<Redis, RedisError>>,
}

impl SharedSessions {
    /// Nothing is connected yet. Every key gets `prefix`.
    pub(crate) fn new(url: &str, prefix: &str, links: Arc<Links>) -> Self {
        Self {
            url: url.to_owned(),
            prefix: prefix.to_owned(),
            links,
            redis: OnceLock::new(),
        }
    }

    /// Tells where a session of an upstream is.
    pub(crate) async fn tell(&self, upstream: &str, session: &str, target: SocketAddr) {
        let Some(redis) = self.redis() else { return };
        let (key, value) = (key(upstream, session), target.to_string());
        if let Err(error) = redis.set_text(&key, &value, KEPT).await {
            // This edge knows it all the same.
            tracing::debug!(%error, "a session could not be told to other edges");
        }
    }

    /// Where another edge says that a session is.
    pub(crate) async fn ask(&self, upstream: &str, session: &str) -> Option<SocketAddr> {
        let told = self.redis()?.get_text(&key(upstream, session)).await;
        told.ok()??.parse().ok()
    }

    /// Nobody waits for a store that is known to be away.
    fn redis(&self) -> Option<&Redis> {
        let options = Options {
            budget: BUDGET,
            first_budget: FIRST_BUDGET,
            cool_down: COOL_DOWN,
            max_size: CONNECTIONS,
        };
        let redis = self
            .redis
            .get_or_init(|| Redis::connect_with(&self.url, 0, &self.prefix, &options));
        redis.as_ref().ok().filter(|_| self.links.quotas.is_up())
    }
}

fn key(upstream: &str, session: &str) -> String {
    format!("edge:session:{upstream}:{session}")
}
