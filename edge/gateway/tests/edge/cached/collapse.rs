//! Many who ask for the same at once.

use super::{get, start, status};
use crate::support::{Edge, PATIENCE};
use futures::future::join_all;
use shared_testkit::{Answer, eventually};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

/// So many requests, which all have arrived when this returns, beside those that are there already.
async fn crowd(edge: &Arc<Edge>, path: &'static str, count: usize, there: usize) -> Vec<JoinHandle<Answer>> {
    let in_flight = || async { edge.status().await["requestsInFlight"].as_u64().unwrap() };
    eventually(PATIENCE, || async { in_flight().await == there as u64 }).await;
    let one = |_| {
        let edge = Arc::clone(edge);
        tokio::spawn(async move { get(&edge, path, &[]).await })
    };
    let crowd = (0..count).map(one).collect();
    eventually(PATIENCE * 3, || async { in_flight().await >= (there + count) as u64 }).await;
    crowd
}

async fn answers(crowd: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    join_all(crowd).await.into_iter().map(Result::unwrap).collect()
}

fn counted(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut counts = BTreeMap::new();
    answers
        .iter()
        .for_each(|answer| *counts.entry((answer.status, status(answer))).or_default() += 1);
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_who_ask_at_once_are_one_request() {
    let (_setup, edge, source) = start().await;
    let edge = Arc::new(edge);
    for (path, own) in [
        ("/c/known?cache-control=max-age=60&hold&length=20000", "/c/known"),
        (
            "/c/chunked?cache-control=max-age=60&hold&chunked&length=20000",
            "/c/chunked",
        ),
        // Fresh for no moment, but long enough for those who wait for it.
        (
            "/c/never-fresh?cache-control=max-age=0,stale-if-error=9&hold",
            "/c/never-fresh",
        ),
    ] {
        let crowd = crowd(&edge, path, 1000, 0).await;
        source.release();
        let answers = answers(crowd).await;
        let counts = counted(&answers);
        assert!(
            answers
                .iter()
                .all(|answer| answer.status == 200 && answer.body == answers[0].body),
            "{path}: {counts:?}"
        );
        assert_eq!(source.count(own), 1, "{path}: {counts:?}");
        assert_eq!(counts[&(200, "fwd=uri-miss; stored".to_owned())], 1, "{counts:?}");
        source.hold();
    }
    assert!(edge.metric("edge_cache_collapsed_total").await > 1500.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_waited_for_what_cannot_be_shared_do_not_wait_in_line() {
    let (_setup, edge, source) = start().await;
    let edge = Arc::new(edge);
    let path = "/c/private?cache-control=private&hold";
    let crowd = crowd(&edge, path, 100, 0).await;
    assert_eq!(source.count("/c/private"), 1);
    // All others come at once when the first one's answer shows that it is for nobody else; each would be held again.
    source.release();
    let answers = answers(crowd).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(source.count("/c/private"), 100);
    // It is known now: nobody waits for anybody.
    source.hold();
    let others: Vec<_> = super::collapse::crowd(&edge, path, 20, 0).await;
    source.has_seen("/c/private", 120).await;
    source.release();
    super::collapse::answers(others).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_when_the_first_one_leaves() {
    let (_setup, edge, source) = start().await;
    let edge = Arc::new(edge);
    for (path, own) in [
        ("/c/left?cache-control=max-age=60&hold&length=20000", "/c/left"),
        (
            "/c/left-in-the-middle?cache-control=max-age=60&pause&length=900000",
            "/c/left-in-the-middle",
        ),
        (
            "/c/left-chunked?cache-control=max-age=60&hold&chunked&length=20000",
            "/c/left-chunked",
        ),
    ] {
        source.hold();
        let mut first = TcpStream::connect(edge.public).await.unwrap();
        first
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", edge.public).as_bytes())
            .await
            .unwrap();
        source.has_seen(own, 1).await;
        let crowd = crowd(&edge, path, 20, 1).await;
        drop(first);
        source.release();
        let answers = answers(crowd).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.status == 200 && answer.body == answers[0].body),
            "{path}: {:?}",
            counted(&answers)
        );
        assert!(answers[0].body.len() >= 20_000);
        assert!(source.count(own) <= 2, "{path}: {}", source.count(own));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_service_that_says_nothing_waits_no_longer_than_it_may() {
    let (_setup, edge, source) = start().await;
    let edge = Arc::new(edge);
    let crowd = crowd(&edge, "/lasting/silent?hold", 50, 0).await;
    let answers = answers(crowd).await;
    // Or it is found out that nothing answers there.
    assert!(answers.iter().all(|answer| matches!(answer.status, 503 | 504)));
    // Those who came later have some time left when the first one gives up, and ask in its place.
    assert!(source.count("/lasting/silent") < 50);
}
