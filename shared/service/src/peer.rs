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
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

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
    /// Its instances.
    bases: Arc<[String]>,
    /// The one that answered last.
    current: Arc<AtomicUsize>,
    token: String,
    budget: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl PeerClient {
    /// A client of the service at `bases` (`http://host:port`, several with commas between them), showing `token`. Each call may take two
    /// seconds.
    pub fn new(bases: &str, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(Duration::from_millis(500)));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        let bases = bases
            .split(',')
            .map(|base| base.trim().trim_end_matches('/').to_owned());
        Self {
            bases: bases.collect(),
            current: Arc::default(),
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

    /// Asks the instance that answered last, and the others in turn while one is away: what is read may be read again.
    async fn get(
        &self,
        path: &str,
        context: &CallContext,
        deadline: Instant,
    ) -> Result<(StatusCode, Bytes), PeerError> {
        let first = self.current.load(Relaxed);
        let mut last = Err(PeerError::Unavailable("no address".into()));
        for number in (first..first + self.bases.len()).map(|number| number % self.bases.len()) {
            last = self.get_at(&self.bases[number], path, context, deadline).await;
            match &last {
                Err(PeerError::Unavailable(_)) => {}
                Ok((status, _)) if matches!(status.as_u16(), 502..=504) => {}
                _ => {
                    self.current.store(number, Relaxed);
                    break;
                }
            }
        }
        last
    }

    async fn get_at(
        &self,
        base: &str,
        path: &str,
        context: &CallContext,
        deadline: Instant,
    ) -> Result<(StatusCode, Bytes), PeerError> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(format!("{base}{path}"))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::{Json, Router, routing::get};
    use tokio::net::TcpListener;

    async fn instance(router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn while_one_instance_is_away_another_is_asked() {
        let away = format!(
            "http://{}",
            std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
        );
        let busy = instance(Router::new().fallback(|| async { StatusCode::SERVICE_UNAVAILABLE })).await;
        let well = instance(Router::new().route("/x", get(|| async { Json(7) }))).await;
        let peer = PeerClient::new(&format!("{away}, {busy}/,{well}"), "");
        for _ in 0..2 {
            let answer: u32 = peer.get_json("/x", &CallContext::default()).await.unwrap();
            assert_eq!((answer, peer.current.load(Relaxed)), (7, 2));
        }
        // That there is no such thing is an answer.
        let nothing = peer.get_json::<u32>("/y", &CallContext::default()).await;
        assert!(matches!(nothing, Err(PeerError::NotFound)));
        let none = PeerClient::new(&away, "")
            .get_json::<u32>("/x", &CallContext::default())
            .await;
        assert!(matches!(none, Err(PeerError::Unavailable(_))));
    }
}
