//! Services that write down what reaches them.

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::IntoResponse,
    routing::get,
};
use http::{HeaderMap, StatusCode};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A request as a service saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) upstream: String,
    pub(super) target: SocketAddr,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

/// What all services together saw since it was last taken.
#[derive(Clone, Default)]
pub(super) struct Notebook(Arc<Mutex<Vec<Seen>>>);

impl Notebook {
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A service; it ends with this guard.
pub(super) struct Recorder {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Recorder {
    /// One instance of an upstream. It has the key set that tokens are verified by.
    pub(super) async fn start(upstream: &str, jwks: String, notebook: &Notebook) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (upstream, notebook) = (upstream.to_owned(), notebook.clone());
        let record = move |State(notebook): State<Notebook>, request: Request| {
            let upstream = upstream.clone();
            async move {
                let (head, body) = request.into_parts();
                let seen = Seen {
                    upstream,
                    target: address,
                    method: head.method.to_string(),
                    path: head.uri.to_string(),
                    headers: head.headers,
                };
                notebook.0.lock().unwrap().push(seen);
                let read = to_bytes(body, 1 << 20).await;
                let status = read.map_or(StatusCode::BAD_REQUEST, |_| StatusCode::OK);
                ([("x-service", "its own")], status)
            }
        };
        let keys = move || async { ([("content-type", "application/json")], jwks).into_response() };
        let router = Router::new()
            .route("/.well-known/jwks.json", get(keys))
            .fallback(record)
            .with_state(notebook);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, task }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
