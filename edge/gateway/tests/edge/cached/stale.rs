//! Answers whose time is over.

use super::source::Source;
use super::{get, start, start_with, status};
use crate::support::{Edge, PATIENCE};
use shared_testkit::{Answer, eventually};

/// Asks until the answer is what is waited for.
async fn until(edge: &Edge, path: &str, is_it: impl Fn(&Answer) -> bool) -> Answer {
    eventually(PATIENCE, || async {
        Some(get(edge, path, &[]).await).filter(|answer| is_it(answer))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_answer_is_given_at_once_and_renewed_behind_it() {
    let (_setup, edge, source) = start().await;
    let path = "/c/swr?cache-control=max-age=1,stale-while-revalidate=60";
    get(&edge, path, &[]).await;
    let stale = until(&edge, path, |answer| {
        answer.header("cache-status").unwrap().contains("ttl=-")
    })
    .await;
    assert_eq!((stale.status, stale.text().as_str()), (200, "answer 1 "));
    let fresh = until(&edge, path, |answer| answer.text() != "answer 1 ").await;
    assert_eq!(status(&fresh), "hit");
    eventually(PATIENCE, || async { edge.log().contains("cache refresh") }).await;
    assert!(source.count("/c/swr") >= 2);
    // Many who come while it is stale are one request behind it.
    let requests = edge
        .metric("edge_requests_total{route=\"cached\",status=\"2xx\"}")
        .await;
    let told = edge.metric("edge_cache_requests_total{result=\"hit\"}").await
        + edge.metric("edge_cache_requests_total{result=\"stale\"}").await;
    assert_eq!(requests, told + 1.0, "what renews it is nobody's request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_service_s_answers_are_given_as_long_as_is_configured() {
    let (_setup, edge, mut source) = start().await;
    let [configured, told, never] = [
        "/lasting/dead?cache-control=max-age=1",
        "/c/dead?cache-control=max-age=1,stale-if-error=60",
        "/c/gone?cache-control=max-age=1",
    ];
    for path in [configured, told, never] {
        get(&edge, path, &[]).await.expect_status(200);
    }
    source.kill().await;
    // At once, and when the probes have found it out.
    for healthy in [true, false] {
        if !healthy {
            edge.sees("posts", source.address, false).await;
        }
        for path in [configured, told] {
            let answer = until(&edge, path, |answer| {
                answer.header("cache-status").unwrap().contains("ttl=-")
            })
            .await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (200, "answer 1 "),
                "{path} {healthy}"
            );
            assert!(answer.header("age").unwrap().parse::<u32>().unwrap() >= 1);
        }
        let gone = until(&edge, never, |answer| answer.status != 200).await;
        assert_eq!(gone.status, 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_service_s_answers_are_given_after_another_was_asked() {
    let other = Source::start().await;
    let (_setup, edge, source) = start_with(|setup| {
        let retries = ("retries: { attempts: 3,", "retries: { attempts: 3, budget: 100%,");
        setup.edit(retries.0, retries.1).also("POSTS", other.address)
    })
    .await;
    edge.sees("posts", other.address, true).await;
    let path = "/c/failing?cache-control=max-age=0,stale-if-error=60";
    get(&edge, path, &[]).await;
    source.fails(503);
    for _ in 0..6 {
        let answer = get(&edge, path, &[]).await.expect_status(200);
        assert_eq!(status(&answer), "fwd=stale; stored", "the other one is asked");
    }
    other.fails(503);
    for _ in 0..6 {
        let stale = get(&edge, path, &[]).await.expect_status(200);
        assert_eq!(status(&stale), "hit");
        assert!(stale.header("cache-status").unwrap().contains("ttl="));
    }
    other.fails(0);
    // An answer that must be asked for again is not given stale.
    source.fails(0);
    let strict = "/c/strict?cache-control=max-age=1,must-revalidate,stale-if-error=60";
    until(&edge, strict, |answer| answer.status == 200).await;
    source.fails(500);
    other.fails(500);
    until(&edge, strict, |answer| answer.status >= 500).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_holds_is_not_sent_again() {
    let (_setup, edge, source) = start().await;
    let path = "/c/holds?cache-control=max-age=1&etag=%22v%22&length=5000&x-new=1";
    let first = get(&edge, path, &[]).await;
    let again = until(&edge, path, |answer| status(answer).contains("fwd-status=304")).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    super::is_clean(&again.headers, 200);
    assert_eq!(again.header("content-length"), Some("5000"));
    assert_eq!(status(&get(&edge, path, &[]).await), "hit");
    let seen = source.seen("/c/holds");
    assert_eq!(seen.last().unwrap().headers["if-none-match"], "\"v\"");
    // The client's own condition is not the service's.
    let other = until(&edge, path, |answer| status(answer).contains("fwd-status=304")).await;
    assert_eq!(other.status, 200);
}
