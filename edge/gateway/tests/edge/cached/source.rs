//! An origin that answers as the request's query says, counts, and can be held, broken and killed.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use futures::{StreamExt, stream};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use shared_testkit::eventually;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::support::PATIENCE;

/// What it saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

struct Shared {
    seen: Mutex<Vec<Seen>>,
    /// Whether answers with `hold` go on.
    open: watch::Sender<bool>,
    /// A status that all requests get; 0: none.
    fails: AtomicU16,
}

/// The origin. It ends with [`Source::kill`] or with the test.
pub(crate) struct Source {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Source {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            open: watch::Sender::new(false),
            fails: AtomicU16::new(0),
        });
        let router = Router::new()
            .route("/health/ready", any(async || "well"))
            .fallback(any(answer))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // Its connections go with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, shared, task }
    }

    /// Requests for this path, its query aside.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.shared.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.path == path).cloned().collect()
    }

    /// How many they are.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.seen(path).len()
    }

    /// Waits until there are so many.
    pub(crate) async fn has_seen(&self, path: &str, count: usize) {
        eventually(PATIENCE, || async { self.count(path) >= count }).await;
    }

    /// Lets what is held go on.
    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// What is held from now on stays so.
    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    /// All requests get this status from now on; 0: they do not.
    pub(crate) fn fails(&self, status: u16) {
        self.shared.fails.store(status, SeqCst);
    }

    /// At once, with all its connections.
    pub(crate) async fn kill(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Keys are fields; `status`, `length` (of the body), `chunked`, `hold` (the head), `pause` (the body, after its first piece) and `break` (the
/// same place) say how.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let number = {
        let mut seen = shared.seen.lock().unwrap();
        seen.push(Seen {
            method: request.method().clone(),
            path: path.clone(),
            headers: request.headers().clone(),
        });
        seen.iter().filter(|seen| seen.path == path).count()
    };
    let (mut fields, mut status) = (HeaderMap::new(), StatusCode::OK);
    let (mut length, mut chunked, mut hold, mut pause, mut breaks) = (None, false, false, false, false);
    let query = request.uri().query().unwrap_or_default();
    let query = query.replace("%20", " ").replace("%22", "\"");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "status" => status = value.parse().unwrap(),
            "length" => length = Some(value.parse::<usize>().unwrap()),
            "chunked" => chunked = true,
            "hold" => hold = true,
            "pause" => pause = true,
            "break" => breaks = true,
            "x" => {}
            name => {
                let name = HeaderName::try_from(name).unwrap();
                fields.append(name, HeaderValue::try_from(value).unwrap());
            }
        }
    }
    let opens = || async {
        let mut open = shared.open.subscribe();
        let _ = open.wait_for(|open| *open).await;
    };
    if hold {
        opens().await;
    }
    let fails = shared.fails.load(SeqCst);
    if fails != 0 {
        return StatusCode::from_u16(fails).unwrap().into_response();
    }
    let asked = request.headers();
    if fields
        .get("etag")
        .is_some_and(|tag| asked.get("if-none-match") == Some(tag))
    {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    let text = body(number, length);
    let body = match chunked || pause || breaks {
        false => Body::from(text),
        true => {
            if !chunked {
                fields.insert("content-length", text.len().into());
            }
            let pieces: Vec<Bytes> = text
                .as_bytes()
                .chunks(1000.max(text.len() / 20))
                .map(Bytes::copy_from_slice)
                .collect();
            let open = shared.open.subscribe();
            let pieces = stream::iter(pieces.into_iter().enumerate()).then(move |(index, piece)| {
                let mut open = open.clone();
                async move {
                    if index == 1 && pause {
                        let _ = open.wait_for(|open| *open).await;
                    }
                    if index == 1 && breaks {
                        // What came before has gone out by then.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    match index == 1 && breaks {
                        true => Err(io::Error::other("broken")),
                        false => Ok(piece),
                    }
                }
            });
            Body::from_stream(pieces)
        }
    };
    (status, fields, body).into_response()
}

/// Tells which request of its path it answers; as long as it is asked to be.
pub(crate) fn body(number: usize, length: Option<usize>) -> String {
    let text = format!("answer {number} ");
    match length {
        None => text,
        Some(length) => text.chars().cycle().take(length).collect(),
    }
}
