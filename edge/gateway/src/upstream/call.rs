//! The edge's own requests to upstreams: subgraph calls and the key set. Small bodies, whole answers.

use super::{PeerTimeouts, Pool, Target, peer};
use bytes::{Bytes, BytesMut};
use pingora_core::{
    connectors::{ConnectorOptions, TransportConnector},
    protocols::{
        Stream,
        http::v1::client::{HttpSession, http_req_header_to_wire},
    },
    upstreams::peer::Peer,
};
use pingora_error::{Error, ErrorType, OrErr};
use pingora_http::RequestHeader;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant as Deadline, timeout_at},
};

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
    /// Bounds of connecting and of keeping the connection.
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
    connector: TransportConnector,
}

impl Caller {
    /// A client without connections.
    pub(crate) fn new() -> Self {
        Self {
            connector: TransportConnector::new(Some(ConnectorOptions::new(KEPT_CONNECTIONS))),
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
            let (stream, reused) = match self.connector.get_stream(&peer).await {
                Ok(connected) => connected,
                Err(error) => {
                    tracing::debug!(upstream = &*ask.pool.name, target_name = &*target.name, %error, "cannot connect");
                    ask.pool.cells.connect_failures.add();
                    target.eject();
                    return None;
                }
            };
            match exchange(stream, ask).await {
                Ok((reply, kept)) => {
                    if let Some(stream) = kept {
                        self.connector
                            .release_stream(stream, peer.reuse_hash(), peer.idle_timeout());
                    }
                    return Some(Ok(reply));
                }
                // The service closed an idle connection at the very moment it was taken again.
                Err(broken) if reused && repeats > 0 && !broken.answered => {
                    repeats -= 1;
                    ask.pool.cells.retries.add();
                }
                Err(broken) => {
                    ask.pool.cells.failures.add();
                    return Some(Err(failure(ask.pool, broken.error)));
                }
            }
        }
    }
}

/// An exchange that broke off; its connection is closed.
struct Broken {
    error: Box<Error>,
    /// Whether the answer's head had come.
    answered: bool,
}

/// Sends and reads; the connection comes back where it can be used again. Bounded by whoever calls: every wait in here
/// ends with the call's deadline.
async fn exchange(mut stream: Stream, ask: &Ask<'_>) -> Result<(Reply, Option<Stream>), Broken> {
    let began = Instant::now();
    if let Err(error) = send(&mut stream, ask).await {
        return Err(Broken { error, answered: false });
    }
    let mut session = HttpSession::new(stream);
    let read = read(&mut session, ask, began).await;
    match read {
        Ok(reply) => {
            session.respect_keepalive();
            Ok((reply, session.reuse().await))
        }
        Err(error) => {
            let answered = session.resp_header().is_some();
            session.shutdown().await;
            Err(Broken { error, answered })
        }
    }
}

/// Head and body in one write, so that the service finds them in one read. Pingora's session would write them apart.
async fn send(stream: &mut Stream, ask: &Ask<'_>) -> Result<(), Box<Error>> {
    let head = http_req_header_to_wire(ask.head);
    let mut request = head.ok_or_else(|| Error::explain(ErrorType::InvalidHTTPHeader, "the path cannot be written"))?;
    request.extend_from_slice(&ask.body);
    let written = stream.write_all(&request).await;
    written.or_err(ErrorType::WriteError, "writing the request")?;
    stream
        .flush()
        .await
        .or_err(ErrorType::WriteError, "flushing the request")
}

async fn read(session: &mut HttpSession, ask: &Ask<'_>, began: Instant) -> Result<Reply, Box<Error>> {
    let status = loop {
        session.read_response().await?;
        match session.get_status() {
            Some(status) if status.is_informational() => {}
            Some(status) => break status.as_u16(),
            None => return Error::e_explain(ErrorType::InvalidHTTPHeader, "no response header"),
        }
    };
    ask.pool.cells.latency.observe(began.elapsed());
    let mut body = BytesMut::new();
    while let Some(chunk) = session.read_body_ref().await? {
        if body.len() + chunk.len() > ask.max_answer {
            return Error::e_explain(TOO_LARGE, "answer over the limit");
        }
        body.extend_from_slice(chunk);
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
    if *error.etype() == TOO_LARGE {
        CallError::TooLarge(name)
    } else {
        CallError::Broken(name, error)
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
