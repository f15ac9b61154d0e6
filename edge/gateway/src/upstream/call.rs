//! The edge's own requests to upstreams: subgraph calls and the key set. Small bodies, whole answers.

use super::{
    Attempt, Dialer, PeerTimeouts, Pool, Subset, Target, clock,
    exchange::{TOO_LARGE, exchange},
    peer,
    race::Hedge,
};
use crate::tls::Identities;
use bytes::Bytes;
use edge_policy::{
    balance::RingKey,
    breaker::Permit,
    hedge,
    retry::{Cause, Failure, Terms, backoff},
    shed::Level,
};
use http::Method;
use pingora_error::{Error, ErrorType};
use pingora_http::RequestHeader;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{Instant as Deadline, sleep, timeout_at};

/// Targets that are tried for a call of the edge itself.
const MAX_TARGETS: u32 = 3;
/// Idle connections kept over all targets.
const KEPT_CONNECTIONS: usize = 256;

/// What is asked, and how patiently.
pub(crate) struct Ask<'a> {
    /// Whose targets.
    pub(crate) pool: &'a Arc<Pool>,
    /// Head, `host` and `content-length` included.
    pub(crate) head: &'a RequestHeader,
    /// Body, may be empty.
    pub(crate) body: Bytes,
    /// Bounds of connecting and of keeping the connection.
    pub(crate) timeouts: PeerTimeouts,
    /// When the answer must be complete.
    pub(crate) deadline: Instant,
    /// Whether the request may be sent twice when a reused connection broke before any answer.
    pub(crate) repeatable: bool,
    /// Largest answer, bytes.
    pub(crate) max_answer: usize,
}

/// For whom the edge asks, and what is allowed for that.
pub(crate) struct OnBehalf<'a> {
    /// The client.
    pub(crate) client: IpAddr,
    /// When a failed try is repeated.
    pub(crate) retry: &'a Terms,
    /// Most retries, as a share of requests.
    pub(crate) retry_budget: f32,
    /// When a second target is asked too, where the request is repeatable.
    pub(crate) hedge: Option<&'a hedge::Terms>,
    /// How much it matters when the upstream has too much to do.
    pub(crate) level: Level,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Bytes,
}

/// Why there is no answer. Texts are for the log alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// No target could be connected to; nothing was sent.
    #[error("no target of `{0}` could be reached")]
    Unreachable(Arc<str>),
    /// The deadline passed.
    #[error("no answer from `{0}` in time")]
    Timeout(Arc<str>),
    /// The exchange broke off.
    #[error("the exchange with `{0}` failed: {1}")]
    Broken(Arc<str>, Box<Error>),
    /// Requests are kept away from the upstream.
    #[error("the breaker of `{0}` lets nobody pass")]
    CircuitOpen(Arc<str>),
    /// The upstream has as much to do as it can.
    #[error("`{0}` has too much to do")]
    Overloaded(Arc<str>),
    /// The answer is larger than allowed.
    #[error("the answer of `{0}` is too large")]
    TooLarge(Arc<str>),
}

/// An HTTP/1.1 client with pooled connections. Connections belong to the runtime that made them: one caller a runtime.
pub(crate) struct Caller {
    dialer: Dialer,
}

impl Caller {
    /// A client without connections.
    pub(crate) fn new(identities: &Arc<Identities>) -> Self {
        Self {
            dialer: Dialer::new(KEPT_CONNECTIONS, identities),
        }
    }

    /// Asks for the edge itself: no breaker, limit or budget keeps it from learning what it needs.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Reply, CallError> {
        self.ask_targets(&ask, None).await
    }

    /// Asks on behalf of a client's request.
    pub(crate) async fn ask_for(&self, ask: Ask<'_>, client: OnBehalf<'_>) -> Result<Reply, CallError> {
        let room = ask.pool.enter(client.level).await;
        let _room = room.map_err(|_| CallError::Overloaded(Arc::clone(&ask.pool.name)))?;
        self.ask_targets(&ask, Some(&client)).await
    }

    async fn ask_targets(&self, ask: &Ask<'_>, client: Option<&OnBehalf<'_>>) -> Result<Reply, CallError> {
        let pool = ask.pool;
        let name = || Arc::clone(&pool.name);
        pool.state.budget.request(clock::now());
        let hedge = Hedge::of(ask, client);
        let (mut tried, mut tries, mut last) = (Vec::new(), 0, CallError::Unreachable(name()));
        loop {
            let permit = match client {
                Some(_) => pool.admit().map_err(|_| CallError::CircuitOpen(name()))?,
                None => None,
            };
            let Some(target) = pool.pick(
                Subset::ALL,
                &tried,
                client.map(|client| RingKey::of_client(client.client)),
            ) else {
                pool.give_back(permit);
                return Err(last);
            };
            tried.push(target.address);
            tries += 1;
            let mut one = Try::begin(pool, target, permit);
            let asked = match hedge.as_ref().filter(|_| tries == 1) {
                Some(hedge) => Box::pin(self.race(ask, hedge, one, &mut tried)).await,
                None => self.ask_target(ask, &mut one, |_, _| {}).await,
            };
            let cause = match asked {
                Ok(reply) if !client.is_some_and(|client| client.retry.on_status.has(reply.status)) => {
                    return Ok(reply);
                }
                Ok(reply) => {
                    let cause = Cause::Status(reply.status);
                    if !may_retry(ask, client, cause, tries, &tried).await {
                        return Ok(reply);
                    }
                    continue;
                }
                Err((cause, error)) => {
                    last = error;
                    cause
                }
            };
            if !may_retry(ask, client, cause, tries, &tried).await {
                return Err(last);
            }
        }
    }

    /// One target. `heard` is told the status of its answer, and after what time it came.
    pub(super) async fn ask_target(
        &self,
        ask: &Ask<'_>,
        one: &mut Try,
        heard: impl Fn(u16, Duration),
    ) -> Result<Reply, (Cause, CallError)> {
        let Try { target, attempt } = one;
        let peer = peer(ask.pool, target, ask.timeouts);
        let name = || Arc::clone(&ask.pool.name);
        let deadline = Deadline::from_std(ask.deadline);
        let mut repeats = u32::from(ask.repeatable);
        loop {
            let (stream, reused) = match timeout_at(deadline, self.dialer.get(&peer)).await {
                Ok(Ok(connected)) => connected,
                failed => {
                    if let Ok(Err(error)) = failed {
                        tracing::debug!(upstream = &*ask.pool.name, target_name = &*target.name, %error, "cannot connect");
                    }
                    attempt.take().into_iter().for_each(Attempt::unreachable);
                    return Err((Cause::NotConnected, CallError::Unreachable(name())));
                }
            };
            let answered = |status| {
                let took = attempt.as_mut().map(|attempt| attempt.answered(status, 0, true));
                heard(status, took.unwrap_or_default());
            };
            let broken = match timeout_at(deadline, exchange(stream, ask, answered)).await {
                Ok(Ok((reply, kept))) => {
                    if let Some(stream) = kept {
                        self.dialer.keep(stream, &peer);
                    }
                    return Ok(reply);
                }
                // The service closed an idle connection at the very moment it was taken again.
                Ok(Err(broken)) if reused && repeats > 0 && !broken.answered && !is_timeout(&broken.error) => {
                    repeats -= 1;
                    ask.pool.cells.retries.add();
                    continue;
                }
                Ok(Err(broken)) => broken.error,
                Err(_) => Error::explain(ErrorType::ReadTimedout, "the call's time is over"),
            };
            if *broken.etype() == TOO_LARGE {
                return Err((Cause::Answered, CallError::TooLarge(name())));
            }
            let attempt = attempt.take();
            if is_timeout(&broken) {
                attempt.into_iter().for_each(|attempt| attempt.timed_out(0, true));
                return Err((Cause::Timeout, CallError::Timeout(name())));
            }
            attempt.into_iter().for_each(Attempt::failed);
            return Err((Cause::Reset, CallError::Broken(name(), broken)));
        }
    }
}

/// A try at a target, under way until it is dropped.
pub(super) struct Try {
    pub(super) target: Arc<Target>,
    pub(super) attempt: Option<Attempt>,
}

impl Try {
    fn begin(pool: &Arc<Pool>, target: Arc<Target>, permit: Option<Permit>) -> Self {
        let attempt = Some(Attempt::begin(pool, &target, permit));
        Self { target, attempt }
    }

    /// Another target's answer is there first.
    pub(super) fn overtaken(self) {
        self.attempt.into_iter().for_each(Attempt::overtaken);
    }
}

fn is_timeout(error: &Error) -> bool {
    matches!(error.etype(), ErrorType::ReadTimedout | ErrorType::WriteTimedout)
}

/// Whether to ask another target; waits a little before it says so.
async fn may_retry(
    ask: &Ask<'_>,
    client: Option<&OnBehalf<'_>>,
    cause: Cause,
    tries: u32,
    tried: &[SocketAddr],
) -> bool {
    // What is read may be read again, as what GET asks for.
    let method = if ask.repeatable { Method::GET } else { Method::POST };
    let failure = Failure {
        method: &method,
        cause,
        replayable: true,
        tries,
    };
    let Some(client) = client else {
        return tries < MAX_TARGETS && (ask.repeatable || cause == Cause::NotConnected);
    };
    let attempts = match client.retry.attempts {
        1 => 1,
        attempts if cause == Cause::NotConnected => attempts.max(u32::try_from(ask.pool.len()).unwrap_or(u32::MAX)),
        attempts => attempts,
    };
    let pause = backoff(tries, rand::random());
    let is_possible = ask.pool.has_another(Subset::ALL, tried) && Instant::now() + pause < ask.deadline;
    if !client.retry.allow(&failure, attempts) || !is_possible {
        return false;
    }
    if !ask.pool.state.budget.retry(client.retry_budget, clock::now()) {
        ask.pool.cells.retries_refused.add();
        return false;
    }
    ask.pool.cells.retries.add();
    sleep(pause).await;
    true
}

impl PeerTimeouts {
    /// Bounds for a call that has until `deadline`.
    pub(crate) fn until(deadline: Instant, connect: Duration, idle: Duration) -> Self {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        Self {
            connect: connect.min(left),
            read: left,
            write: left,
            idle,
        }
    }

    /// The same, and no read takes longer than this.
    #[must_use]
    pub(crate) fn silent_for(mut self, longest: Option<Duration>) -> Self {
        self.read = longest.map_or(self.read, |longest| longest.min(self.read));
        self
    }
}
