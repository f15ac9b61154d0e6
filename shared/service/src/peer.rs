//! Calls to another service: its token shown, the request named, every call bounded in time.

use crate::{Caller, deadline};
use axum::body::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header as names};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::de::DeserializeOwned;
use shared_contracts::header;
use std::time::{Duration, Instant};

const MAX_ANSWER: usize = 4 << 20;

/// What a call carries over from the request that caused it.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// Names the request.
    pub request_id: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// When the answer is of no use any more.
    pub deadline: Option<Instant>,
}

impl From<&Caller> for CallContext {
    fn from(caller: &Caller) -> Self {
        Self {
            request_id: Some(caller.request_id.clone()),
            traceparent: caller.traceparent.clone(),
            deadline: caller.deadline,
        }
    }
}

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The peer says that there is no such object.
    #[error("not found")]
    NotFound,
    /// The peer is away, slow, or says that it cannot work now.
    #[error("peer unavailable: {0}")]
    Unavailable(String),
    /// The peer answered something that this caller does not understand.
    #[error("peer failed: {0}")]
    Failed(String),
}

/// A client of one other service. Cheap to clone; connections are kept and shared.
#[derive(Clone)]
pub struct PeerClient {
    base: String,
    token: String,
    budget: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl PeerClient {
    /// A client of the service at `base` (`http://host:port`), showing `token`. Each call may take two seconds.
    pub fn new(base: &str, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_millis(500)));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        let base = base.trim_end_matches('/').to_owned();
        Self {
            base,
            token: token.to_owned(),
            budget: Duration::from_secs(2),
            client,
        }
    }

    /// `GET path`, its JSON answer. It is told how long it has: two seconds, or what is left of the request's own time.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str, context: &CallContext) -> Result<T, PeerError> {
        let budget = Instant::now() + self.budget;
        let deadline = context.deadline.map_or(budget, |deadline| deadline.min(budget));
        let answer = tokio::time::timeout_at(deadline.into(), self.get(path, context, deadline));
        let (status, body) = answer.await.map_err(|_| PeerError::Unavailable("timed out".into()))??;
        match status.as_u16() {
            200..=299 => serde_json::from_slice(&body).map_err(|error| PeerError::Failed(error.to_string())),
            404 => Err(PeerError::NotFound),
            429 | 502..=504 => Err(PeerError::Unavailable(format!("status {status}"))),
            _ => Err(PeerError::Failed(format!("status {status}"))),
        }
    }

    async fn get(
        &self,
        path: &str,
        context: &CallContext,
        deadline: Instant,
    ) -> Result<(StatusCode, Bytes), PeerError> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{path}", self.base))
            .header(header::REQUEST_TIMEOUT, deadline::left(deadline))
            .header(names::ACCEPT, "application/json");
        let carried = [
            (
                header::SERVICE_TOKEN,
                Some(self.token.as_str()).filter(|token| !token.is_empty()),
            ),
            (header::REQUEST_ID, context.request_id.as_deref()),
            (header::TRACEPARENT, context.traceparent.as_deref()),
        ];
        for (name, value) in carried {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                request = request.header(name, value);
            }
        }
        let request = request
            .body(Full::default())
            .map_err(|error| PeerError::Failed(error.to_string()))?;
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| PeerError::Unavailable(error.to_string()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| PeerError::Failed(error.to_string()))?;
        Ok((status, body.to_bytes()))
    }
}
