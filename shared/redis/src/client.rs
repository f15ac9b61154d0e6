//! [`Redis`]: one logical database, one key prefix, a time budget for each call.

use crate::RedisError;
use crate::breaker::Breaker;
use crate::pool::{Manager, Slot};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisResult, Script, ToRedisArgs, Value};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const STEPS: u32 = 4;

/// Bounds of a [`Redis`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest time of one call, waiting for a connection included.
    pub budget: Duration,
    /// The same until the first answer ever, as a connection has to be made and scripts to be loaded.
    pub first_budget: Duration,
    /// How long calls fail at once after one has failed.
    pub cool_down: Duration,
    /// Most connections at a time; at least 1.
    pub max_size: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget: Duration::from_millis(250),
            first_budget: Duration::from_millis(250),
            cool_down: Duration::from_millis(500),
            max_size: 8,
        }
    }
}

/// A handle on Redis; cheap to clone. Keys and channels are put behind its prefix by every method.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    pool: bb8::Pool<Manager>,
    generation: Arc<AtomicU64>,
    breaker: Breaker,
    prefix: String,
    budget: Duration,
    first_budget: Duration,
    /// Whether it ever answered.
    answered: AtomicBool,
}

/// What a call sends.
enum Request<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a redis::ScriptInvocation<'a>),
}

impl Redis {
    /// A handle with the usual bounds ([`Options::default`]); nothing is connected yet, so Redis may be away.
    ///
    /// `base_url` is `redis://[[user]:password@]host[:port]`; a database in its path is replaced by `database`. `prefix`
    /// is put before every key and channel; it is empty outside of tests. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`RedisError::Refused`] if the URL cannot be read.
    pub fn connect(base_url: &str, database: u8, prefix: &str) -> Result<Self, RedisError> {
        Self::connect_with(base_url, database, prefix, &Options::default())
    }

    /// As [`Redis::connect`], with bounds of one's own.
    ///
    /// # Errors
    /// [`RedisError::Refused`] if the URL cannot be read.
    pub fn connect_with(base_url: &str, database: u8, prefix: &str, options: &Options) -> Result<Self, RedisError> {
        let info = base_url.into_connection_info()?;
        let settings = info
            .redis_settings()
            .clone()
            .set_db(i64::from(database))
            .set_skip_set_lib_name();
        let client = Client::open(info.set_redis_settings(settings))?;
        let generation = Arc::new(AtomicU64::new(0));
        let pool = bb8::Pool::builder()
            .max_size(options.max_size.max(1))
            .connection_timeout(options.first_budget.max(options.budget))
            // The breaker decides when to try again.
            .retry_connection(false)
            .build_unchecked(Manager::new(&client, Arc::clone(&generation))?);
        let inner = Inner {
            client,
            pool,
            generation,
            breaker: Breaker::new(options.cool_down),
            prefix: prefix.to_owned(),
            budget: options.budget,
            first_budget: options.first_budget.max(options.budget),
            answered: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The name under which Redis knows `key`: for commands built by hand.
    pub fn key(&self, key: &str) -> String {
        format!("{}{key}", self.inner.prefix)
    }

    /// What [`Redis::key`] puts before a key.
    pub fn prefix(&self) -> &str {
        &self.inner.prefix
    }

    /// The client below, for libraries that want to hold connections of their own.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Sends one command as it is: names in it need [`Redis::key`].
    ///
    /// A connection that turns out to be lost is replaced and the command sent once more, within the same budget; it can
    /// then have run twice.
    ///
    /// # Errors
    /// [`RedisError::Unavailable`] at the latest when the budget is used up; [`RedisError::Refused`] if Redis says no.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        self.call(&Request::Command(command)).await
    }

    /// Sends several commands in one go; as [`Redis::query`].
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisError> {
        self.call(&Request::Pipeline(pipeline)).await
    }

    /// Runs a Lua script by its digest, loading it where Redis does not know it. The keys get the prefix.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn run_script<T, A>(&self, script: &Script, keys: &[&str], args: &[A]) -> Result<T, RedisError>
    where
        T: FromRedisValue,
        A: ToRedisArgs + Sync,
    {
        let invocation = self.invocation(script, keys, args);
        self.call(&Request::Script(&invocation)).await
    }

    fn invocation<'a, A: ToRedisArgs>(
        &self,
        script: &'a Script,
        keys: &[&str],
        args: &[A],
    ) -> redis::ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(self.key(key));
        }
        for arg in args {
            invocation.arg(arg);
        }
        invocation
    }

    async fn call<T: FromRedisValue>(&self, request: &Request<'_>) -> Result<T, RedisError> {
        if !self.inner.breaker.admits() {
            return Err(RedisError::Unavailable("it failed a moment ago".into()));
        }
        let budget = match self.inner.answered.load(Ordering::Relaxed) {
            true => self.inner.budget,
            false => self.inner.first_budget,
        };
        let answer = match within(budget, self.attempt_twice(request)).await {
            Some(answer) => answer,
            None => {
                let late = RedisError::Unavailable(format!("no answer within {} ms", budget.as_millis()));
                // One late answer is a hiccup; a row of them means that whoever is connected there answers no more.
                if self.inner.breaker.late() {
                    self.forget_connections();
                    tracing::warn!(error = %late, "Redis is away");
                }
                return Err(late);
            }
        };
        match &answer {
            Err(error) if error.is_unavailable() => {
                if self.inner.breaker.failed() {
                    tracing::warn!(%error, "Redis is away");
                }
            }
            _ => {
                if !self.inner.answered.load(Ordering::Relaxed) {
                    self.inner.answered.store(true, Ordering::Relaxed);
                }
                if self.inner.breaker.succeeded() {
                    tracing::info!("Redis is back");
                }
            }
        }
        let value = redis::from_redis_value::<T>(answer?).map_err(redis::RedisError::from)?;
        Ok(value)
    }

    async fn attempt_twice(&self, request: &Request<'_>) -> Result<Value, RedisError> {
        match self.attempt(request).await {
            Err(error) if error.is_unavailable() => self.attempt(request).await,
            answer => answer,
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Value, RedisError> {
        // A connection is multiplexed: a copy of its handle is used, so that callers wait for answers, not for places.
        let mut slot = match self.inner.pool.get().await {
            Ok(slot) => Slot::clone(&slot),
            Err(error) => return Err(RedisError::Unavailable(error.to_string())),
        };
        let answer: RedisResult<Value> = match request {
            Request::Command(command) => command.query_async(&mut slot.conn).await,
            Request::Pipeline(pipeline) => pipeline.query_async(&mut slot.conn).await,
            Request::Script(invocation) => invocation.invoke_async(&mut slot.conn).await,
        };
        if let Err(error) = &answer
            && (error.is_io_error() || error.is_unrecoverable_error())
        {
            self.inner.generation.fetch_max(slot.generation + 1, Ordering::Relaxed);
        }
        Ok(answer?)
    }

    fn forget_connections(&self) {
        self.inner.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits in a few steps, each of which counts as long as it was meant to be: the budget is Redis's, and a process that gets no
/// processor for a while must not take its own standstill for Redis's.
async fn within<T>(budget: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    for _ in 0..STEPS {
        if let Ok(answer) = tokio::time::timeout(budget / STEPS, answer.as_mut()).await {
            return Some(answer);
        }
    }
    None
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.inner.prefix)
            .field("budget", &self.inner.budget)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use tokio::time::{Instant, sleep};

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_budget() {
        let begun = Instant::now();
        assert_eq!(
            within(Duration::from_millis(20), sleep(Duration::from_secs(1))).await,
            None
        );
        assert_eq!(begun.elapsed(), Duration::from_millis(20));
        assert_eq!(within(Duration::from_millis(20), async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn a_process_that_stands_still_does_not_blame_redis() {
        let answer = sleep(Duration::from_millis(50));
        let stall = async {
            tokio::task::yield_now().await;
            thread::sleep(Duration::from_millis(60));
        };
        let (answered, ()) = tokio::join!(within(Duration::from_millis(20), answer), stall);
        assert!(answered.is_some());
    }
}
