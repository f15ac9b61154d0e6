//! The edge's own requests to upstreams: subgraph calls and the key set. Small bodies, whole answers.

use super::{PeerTimeouts, Pool, Target, peer};
use bytes::{Bytes, BytesMut};
use pingora_core::{
    connectors::{ConnectorOptions, http::Connector},
    protocols::http::client::HttpSession,
    upstreams::peer::{HttpPeer, Peer},
};
use pingora_error::{Error, ErrorType};
use pingora_http::RequestHeader;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::{Instant as Deadline, timeout_at};

/// Targets that are tried for one call.
const MAX_TARGETS: usize = 3;
/// Idle connections kept over all targets.
const KEPT_CONNECTIONS: usize = 256;

/// What is asked, and how patiently.
pub(crate) struct Ask<'a> {
    /// Whose targets.
    pub(crate) pool: &'a Pool,
    /// Head, `host` and `content-length` included.
    pub(crate) head: &'a RequestHeader,
    /// Body, may be empty.
    pub(crate) body: Bytes,
    /// Bounds of each step.
    pub(crate) timeouts: PeerTimeouts,
    /// When the answer must be complete.
    pub(crate) deadline: Instant,
    /// Whether the request may be sent twice when a reused connection broke before any answer.
    pub(crate) repeatable: bool,
    /// Largest answer, bytes.
    pub(crate) max_answer: usize,
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
    /// The answer is larger than allowed.
    #[error("the answer of `{0}` is too large")]
    TooLarge(Arc<str>),
}

/// An HTTP/1.1 client with pooled connections. Connections belong to the runtime that made them: one caller a runtime.
pub(crate) struct Caller {
    connector: Connector,
}

impl Caller {
    /// A client without connections.
    pub(crate) fn new() -> Self {
        Self {
            connector: Connector::new(Some(ConnectorOptions::new(KEPT_CONNECTIONS))),
        }
    }

    /// Asks, going on to the next target where one cannot be connected to.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Reply, CallError> {
        let deadline = Deadline::from_std(ask.deadline);
        match timeout_at(deadline, self.ask_targets(&ask)).await {
            Ok(result) => result,
            Err(_) => {
                ask.pool.cells.failures.add();
                Err(CallError::Timeout(Arc::clone(&ask.pool.name)))
            }
        }
    }

    async fn ask_targets(&self, ask: &Ask<'_>) -> Result<Reply, CallError> {
        let mut tried = Vec::new();
        let mut failure = None;
        while tried.len() < MAX_TARGETS {
            let Some(target) = ask.pool.pick(&tried) else { break };
            tried.push(target.address);
            match self.ask_target(ask, &target).await {
                None => {}
                // It died while it worked on something that another one may do again.
                Some(Err(broken @ CallError::Broken(..))) if ask.repeatable => failure = Some(broken),
                Some(result) => return result,
            }
        }
        Err(failure.unwrap_or_else(|| CallError::Unreachable(Arc::clone(&ask.pool.name))))
    }

    /// One target; `None` if it could not be connected to.
    async fn ask_target(&self, ask: &Ask<'_>, target: &Target) -> Option<Result<Reply, CallError>> {
        let peer = peer(target, ask.timeouts);
        let mut repeats = u32::from(ask.repeatable);
        loop {
            let began = Instant::now();
            let (mut session, reused) = match self.connector.get_http_session(&peer).await {
                Ok(connected) => connected,
                Err(error) => {
                    tracing::debug!(upstream = &*ask.pool.name, target_name = &*target.name, %error, "cannot connect");
                    ask.pool.cells.connect_failures.add();
                    target.eject();
                    return None;
                }
            };
            match exchange(&mut session, ask, &peer, began).await {
                Ok(reply) => {
                    self.connector
                        .release_http_session(session, &peer, peer.idle_timeout())
                        .await;
                    return Some(Ok(reply));
                }
                // The service closed an idle connection at the very moment it was taken again.
                Err(_) if reused && repeats > 0 && session.response_header().is_none() => {
                    repeats -= 1;
                    ask.pool.cells.retries.add();
                }
                Err(error) => {
                    session.shutdown().await;
                    ask.pool.cells.failures.add();
                    return Some(Err(failure(ask.pool, error)));
                }
            }
        }
    }
}

async fn exchange(
    session: &mut HttpSession,
    ask: &Ask<'_>,
    peer: &HttpPeer,
    began: Instant,
) -> Result<Reply, Box<Error>> {
    session.set_read_timeout(peer.options.read_timeout);
    session.set_write_timeout(peer.options.write_timeout);
    session.write_request_header(Box::new(ask.head.clone())).await?;
    if !ask.body.is_empty() {
        session.write_request_body(ask.body.clone(), true).await?;
    }
    session.finish_request_body().await?;
    let status = loop {
        session.read_response_header().await?;
        match session.response_header().map(|head| head.status) {
            Some(status) if status.is_informational() => {}
            Some(status) => break status.as_u16(),
            None => return Error::e_explain(ErrorType::InvalidHTTPHeader, "no response header"),
        }
    };
    ask.pool.cells.latency.observe(began.elapsed());
    let mut body = BytesMut::new();
    while let Some(chunk) = session.read_response_body().await? {
        if body.len() + chunk.len() > ask.max_answer {
            return Error::e_explain(TOO_LARGE, "answer over the limit");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status,
        body: body.freeze(),
    })
}

/// Marks an answer over the limit among Pingora's errors.
const TOO_LARGE: ErrorType = ErrorType::Custom("AnswerTooLarge");

fn failure(pool: &Pool, error: Box<Error>) -> CallError {
    let name = Arc::clone(&pool.name);
    match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => CallError::Timeout(name),
        kind if *kind == TOO_LARGE => CallError::TooLarge(name),
        _ => CallError::Broken(name, error),
    }
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
}
