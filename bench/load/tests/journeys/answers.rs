//! A wrong answer makes a run fail, whatever it looks like.

use crate::support::{Run, try_out};
use axum::{Router, body::Body, response::Response, routing::get};
use bench_origin::{Origin, Settings, Wrong};
use bytes::Bytes;
use futures::StreamExt;
use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

const ITEMS: &str =
    "journeys: { list: { steps: [{ get: '/json?n=20', expect: { count: { /items: 20 }, unique: /items/*/id } }] } }";
const NONCE: &str = "journeys: { echo: { steps: [{ get: '/nonce/{{nonce}}', expect: { nonce: /nonce } }] } }";
const SMALL: &str = "journeys: { small: { steps: [{ get: /, expect: { status: 200, json: { /likes: 42 } } }] } }";
const BYTES: &str = "journeys: { bytes: { steps: [{ get: /bytes/5000, expect: { bytes: 5000 } }] } }";
const EVENTS: &str = "journeys: { stream: { steps: [{ sse: '/sse?n=5&every=1', events: { count: 5, expect: { types: { /n: number } } } }] } }";

fn origin() -> Origin {
    Origin::start(Settings::default()).unwrap()
}

fn fails(run: &Run, kind: &str, detail: &str) {
    assert!(!run.passed(), "{:?}", run.measured.totals);
    let worst = run.worst();
    assert!(worst.starts_with(kind) && worst.contains(detail), "{worst}");
}

#[test]
fn right_answers_pass() {
    let origin = origin();
    for journey in [ITEMS, NONCE, SMALL, BYTES, EVENTS] {
        let run = try_out(origin.address(), journey);
        assert!(run.passed(), "{journey}: {} {:?}", run.worst(), run.thresholds);
        assert_eq!(run.measured.totals.completed, 100, "{journey}");
    }
}

#[test]
fn one_item_missing() {
    let origin = origin();
    origin.faults().wrong(Some(Wrong::Missing));
    fails(
        &try_out(origin.address(), ITEMS),
        "count",
        "/items has 19 items, not 20",
    );
}

#[test]
fn a_stale_body() {
    let origin = origin();
    origin.faults().wrong(Some(Wrong::Stale));
    fails(&try_out(origin.address(), NONCE), "stale", "without nonce");
}

#[test]
fn a_body_that_says_something_else() {
    let origin = origin();
    origin.faults().wrong(Some(Wrong::Body));
    fails(&try_out(origin.address(), SMALL), "json", "there is nothing at /likes");
}

#[test]
fn a_body_cut_before_its_length() {
    let origin = origin();
    origin.faults().cut_after(Some(4_000));
    fails(&try_out(origin.address(), BYTES), "truncated", "");
}

#[test]
fn an_event_stream_cut_before_its_count() {
    let origin = origin();
    origin.faults().cut_after(Some(100));
    fails(&try_out(origin.address(), EVENTS), "truncated", "");
}

/// Sends half of its chunks, then cuts the connection without the last chunk.
fn cut_chunks() -> SocketAddr {
    let body = || {
        let cut = futures::stream::once(async {
            // What was sent before shall have left.
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(io::Error::other("cut"))
        });
        let begin = futures::stream::iter([Ok(Bytes::from("{\"items\":[1,"))]);
        Response::new(Body::from_stream(begin.chain(cut)))
    };
    let whole = || async {
        let chunks = [
            Ok::<_, Infallible>(Bytes::from("data: 1\n\n")),
            Ok(Bytes::from("data: 2\n\n")),
        ];
        let response = Response::builder().header("content-type", "text/event-stream");
        response.body(Body::from_stream(futures::stream::iter(chunks))).unwrap()
    };
    crate::support::serve(
        Router::new()
            .route("/chunks", get(async move || body()))
            .route("/events", get(whole)),
    )
}

#[test]
fn chunks_cut_before_the_last_one() {
    let journey = "journeys: { chunks: { steps: [{ get: /chunks }] } }";
    fails(&try_out(cut_chunks(), journey), "truncated", "");
}

#[test]
fn an_event_stream_that_ends_properly_and_too_early() {
    let journey = "journeys: { stream: { steps: [{ sse: /events, events: { count: 3 } }] } }";
    fails(
        &try_out(cut_chunks(), journey),
        "truncated",
        "the stream ended after 2 of 3 events",
    );
}

#[test]
fn wrong_answers_fail_a_run_even_where_errors_are_allowed() {
    let origin = origin();
    origin.faults().wrong(Some(Wrong::Missing));
    let run = try_out(origin.address(), &format!("{ITEMS}\nthresholds: {{ errors: 100% }}"));
    let failed: Vec<_> = run
        .thresholds
        .iter()
        .filter(|threshold| !threshold.met)
        .map(|t| t.metric.as_str())
        .collect();
    assert_eq!(failed, ["wrong"]);
}
