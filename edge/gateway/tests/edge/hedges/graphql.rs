//! Subgraphs: queries are hedged, mutations are not.

use crate::support::{Edge, POSTS, Setup};
use axum::{Json, Router, extract::State, http::HeaderMap, routing::any};
use serde_json::{Value, json};
use shared_testkit::serve;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tokio::time::sleep;

const DEFAULTS: (&str, &str) = ("\ndefaults:\n", "\ndefaults:\n  hedge: { after: 30ms, budget: 100% }\n");

/// A subgraph's stand-in that takes its time.
struct Subgraph {
    address: SocketAddr,
    state: Arc<Told>,
}

#[derive(Default)]
struct Told {
    /// How long an answer takes, milliseconds.
    takes: AtomicU64,
    /// What was said of the try, for each request.
    attempts: Mutex<Vec<String>>,
}

impl Subgraph {
    async fn start(takes: u64) -> Self {
        let state = Arc::new(Told::default());
        state.takes.store(takes, SeqCst);
        let router = Router::new().fallback(any(answer)).with_state(Arc::clone(&state));
        Self {
            address: serve(router).await,
            state,
        }
    }

    fn attempts(&self) -> Vec<String> {
        self.state.attempts.lock().unwrap().clone()
    }
}

async fn answer(State(told): State<Arc<Told>>, headers: HeaderMap) -> Json<Value> {
    let attempt = headers
        .get("x-request-attempt")
        .map(|attempt| attempt.to_str().unwrap());
    told.attempts.lock().unwrap().push(attempt.unwrap_or("1").to_owned());
    sleep(Duration::from_millis(told.takes.load(SeqCst))).await;
    let message = json!({ "message": "told" });
    Json(json!({ "data": { "getPosts": message, "createPost": message } }))
}

async fn edge(subgraphs: &[Subgraph]) -> (Edge, Setup) {
    let addresses: Vec<_> = subgraphs.iter().map(|subgraph| subgraph.address).collect();
    // Nothing probes them, and each is asked in turn.
    let setup = Setup::new().targets("POSTS", &addresses).edit(DEFAULTS.0, DEFAULTS.1);
    let setup = setup.edit(
        POSTS,
        "targets: \"${POSTS_TARGETS:-127.0.0.1:3002}\"\n    load_balancing: round_robin",
    );
    (setup.start().await, setup)
}

async fn ask(edge: &Edge, query: &str) -> Value {
    let body = json!({ "query": query });
    let answer = edge.client().post_json("/graphql", &body).await.expect_status(200);
    answer.json()["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_asked_twice_and_answered_once() {
    let subgraphs = [Subgraph::start(60_000).await, Subgraph::start(0).await];
    let (edge, _setup) = edge(&subgraphs).await;
    for _ in 0..6 {
        let began = Instant::now();
        let data = ask(&edge, "{ getPosts { message } }").await;
        assert_eq!(data["getPosts"]["message"], "told");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    assert_eq!(subgraphs[0].attempts(), ["1"; 3]);
    let mut seconds = subgraphs[1].attempts();
    seconds.sort_unstable();
    assert_eq!(seconds, ["1", "1", "1", "2", "2", "2"]);
    let won = edge.metric("edge_upstream_events_total{upstream=\"posts\",event=\"hedge_won\"}");
    assert_eq!(won.await, 3.0);
    assert_eq!(edge.status().await["upstreams"]["posts"]["requestsInFlight"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_is_asked_once() {
    let subgraphs = [Subgraph::start(200).await, Subgraph::start(200).await];
    let (edge, _setup) = edge(&subgraphs).await;
    let attempts = || subgraphs.iter().flat_map(Subgraph::attempts).count();
    let data = ask(&edge, "mutation { createPost(input: { content: \"a\" }) { message } }").await;
    assert_eq!((&data["createPost"]["message"], attempts()), (&json!("told"), 1));
    ask(&edge, "{ getPosts { message } }").await;
    assert_eq!(attempts(), 3);
}
