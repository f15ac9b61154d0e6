//! Origins: the services' stand-ins.

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
};
use serde_json::{Map, Value, json};
use shared_contracts::{
    claims::Claims,
    revocation::{REVOCATIONS_PATH, Revocation, RevocationsAnswer},
};
use shared_testkit::TestTokens;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

/// A service's stand-in. It ends with [`Origin::stop`] or with the test.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    name: &'static str,
    key_set: Mutex<String>,
    well: AtomicBool,
    key_sets: AtomicU32,
    ended: Mutex<Vec<Revocation>>,
    events: (mpsc::Sender<String>, tokio::sync::Mutex<Option<mpsc::Receiver<String>>>),
}

impl Origin {
    /// On a free port. `tokens` make its key set.
    pub(crate) async fn start(name: &'static str, tokens: &TestTokens) -> Self {
        Self::start_at(name, tokens, "127.0.0.1:0".parse().unwrap()).await
    }

    /// On a given port, which another origin has just left.
    pub(crate) async fn start_at(name: &'static str, tokens: &TestTokens, address: SocketAddr) -> Self {
        let (sender, receiver) = mpsc::channel(8);
        let state = Arc::new(Shared {
            name,
            key_set: Mutex::new(tokens.jwks()),
            well: AtomicBool::new(true),
            key_sets: AtomicU32::new(0),
            ended: Mutex::default(),
            events: (sender, tokio::sync::Mutex::new(Some(receiver))),
        });
        let router = Router::new()
            .route("/.well-known/jwks.json", get(key_set))
            .route("/health/ready", get(ready))
            .route(REVOCATIONS_PATH, get(revocations))
            .route("/graphql", post(subgraph))
            .route("/api/sse/comments/{id}", get(events))
            .route("/api/auth/slow", get(slow).post(slow))
            .route("/api/auth/early", post(async || StatusCode::CONFLICT))
            .fallback(echo)
            .with_state(Arc::clone(&state));
        let listener = shared_testkit::eventually(Duration::from_secs(5), || TcpListener::bind(address)).await;
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state, task }
    }

    /// Whether it says that it is ready.
    pub(crate) fn set_well(&self, well: bool) {
        self.state.well.store(well, SeqCst);
    }

    /// From now on it serves this key set.
    pub(crate) fn set_key_set(&self, key_set: String) {
        *self.state.key_set.lock().unwrap() = key_set;
    }

    /// How often its key set was fetched.
    pub(crate) fn key_sets(&self) -> u32 {
        self.state.key_sets.load(SeqCst)
    }

    /// From now on it tells those who ask that this session has ended.
    pub(crate) fn end_session(&self, claims: &Claims) {
        let revocation = Revocation::session(&claims.sid, claims.exp);
        self.state.ended.lock().unwrap().push(revocation);
    }

    /// Sends an event to the one open stream.
    pub(crate) async fn say(&self, data: &str) {
        self.state.events.0.send(data.to_owned()).await.unwrap();
    }

    /// Listens no more.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.task.abort();
        let _ = self.task.await;
        self.address
    }
}

async fn key_set(State(state): State<Arc<Shared>>) -> Response {
    state.key_sets.fetch_add(1, SeqCst);
    (
        [("content-type", "application/json")],
        state.key_set.lock().unwrap().clone(),
    )
        .into_response()
}

async fn revocations(State(state): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let token = headers.get("x-service-token").and_then(|token| token.to_str().ok());
    if !token.is_some_and(|token| token.starts_with("edge.")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let revocations = state.ended.lock().unwrap().clone();
    Json(RevocationsAnswer {
        revocations,
        ..RevocationsAnswer::default()
    })
    .into_response()
}

async fn ready(State(state): State<Arc<Shared>>) -> StatusCode {
    if state.well.load(SeqCst) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Answers each root field it is asked for with what the edge told it.
async fn subgraph(State(state): State<Arc<Shared>>, request: Request) -> Json<Value> {
    let user = request
        .headers()
        .get("x-user-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or("nobody")
        .to_owned();
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let query = serde_json::from_slice::<Value>(&body).unwrap()["query"]
        .as_str()
        .unwrap()
        .to_owned();
    let message = format!("{} for {user}", state.name);
    let fields = ["getPosts", "getComments", "createPost"];
    let data: Map<String, Value> = fields
        .iter()
        .filter(|field| query.contains(**field))
        .map(|field| ((*field).to_owned(), json!({ "message": message })))
        .collect();
    Json(json!({ "data": data }))
}

async fn events(State(state): State<Arc<Shared>>) -> Response {
    let receiver = state.events.1.lock().await.take();
    let stream = ReceiverStream::new(receiver.expect("one stream a test"));
    Sse::new(stream.map(|data| Ok::<_, Infallible>(Event::default().event("comment_added").data(data)))).into_response()
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(30)).await;
    "late"
}

async fn echo(State(state): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut headers = Map::new();
    for (name, value) in &head.headers {
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        values
            .as_array_mut()
            .unwrap()
            .push(json!(String::from_utf8_lossy(value.as_bytes())));
    }
    let length = to_bytes(body, 200 << 20).await.map(|body| body.len()).ok();
    let seen = json!({
        "origin": state.name, "method": head.method.as_str(), "target": head.uri.to_string(),
        "headers": headers, "length": length,
    });
    ([("server", "echo/1.0"), ("x-powered-by", "echo")], Json(seen)).into_response()
}
