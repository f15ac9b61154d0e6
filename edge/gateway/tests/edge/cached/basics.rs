//! What is given from the cache, and how it looks.

use super::{ask, get, is_clean, start, status};
use crate::support::PATIENCE;
use http::Method;
use shared_testkit::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_answer_is_given_again_with_its_age() {
    let (_setup, edge, source) = start().await;
    let path = "/c/a?cache-control=max-age=60&etag=%22v1%22&x-kept=1";
    let first = get(&edge, path, &[]).await.expect_status(200);
    assert_eq!(
        (status(&first).as_str(), first.header("age")),
        ("fwd=uri-miss; stored", None)
    );
    let again = get(&edge, path, &[("origin", "http://localhost:5173")])
        .await
        .expect_status(200);
    assert_eq!((status(&again).as_str(), again.text().as_str()), ("hit", "answer 1 "));
    assert!(again.header("age").unwrap().parse::<u32>().unwrap() <= 5);
    assert_eq!(again.header("x-kept"), Some("1"));
    assert_ne!(
        first.header("x-request-id"),
        again.header("x-request-id"),
        "what is one request's own is not kept"
    );
    assert_eq!(
        again.header("access-control-allow-origin"),
        Some("http://localhost:5173")
    );
    let third = get(&edge, path, &[]).await;
    assert_eq!(third.header("access-control-allow-origin"), None);
    for answer in [&first, &again, &third] {
        is_clean(&answer.headers, 200);
    }
    assert_eq!(source.count("/c/a"), 1);
    // Another address, host, or route is another answer.
    assert_eq!(
        status(&get(&edge, &format!("{path}&x=2"), &[]).await),
        "fwd=uri-miss; stored"
    );
    assert_eq!(
        status(&get(&edge, path, &[("host", "other.example")]).await),
        "fwd=uri-miss; stored"
    );
    let plain = get(&edge, "/plain?cache-control=max-age=60&cache-tag=a", &[]).await;
    assert_eq!(
        (plain.header("cache-status"), plain.header("cache-tag")),
        (None, Some("a"))
    );
    eventually(PATIENCE, || async {
        edge.log().contains("cache=\"hit\"") && edge.log().contains("cache=\"miss\"")
    })
    .await;
    assert!(edge.metric("edge_cache_requests_total{result=\"hit\"}").await >= 2.0);
    assert!(edge.metric("edge_cache_bytes").await > 1000.0);
    let (code, told) = edge.types(&["status"]).await;
    assert!(code == 0 && told.contains("cache 3 answers"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_decide_what_is_kept() {
    let (_setup, edge, source) = start().await;
    for (path, told) in [
        ("/c/1?cache-control=no-store", "no-store"),
        ("/c/2?cache-control=max-age=9,private", "private"),
        ("/c/3?cache-control=max-age=9,no-cache", "no-cache"),
        ("/c/4?cache-control=max-age=9&set-cookie=a=b", "set-cookie"),
        ("/c/5?cache-control=max-age=9&vary=*", "vary"),
        ("/c/6", "no-freshness"),
        ("/c/7?cache-control=max-age=0", "no-freshness"),
        ("/c/8?cache-control=max-age=9&status=500", "failure"),
        ("/c/9?cache-control=max-age=9&length=2097153", "too-large"),
        ("/c/10?expires=0", "no-freshness"),
    ] {
        for number in 1..3 {
            let answer = get(&edge, path, &[]).await;
            assert_eq!(status(&answer), format!("fwd=uri-miss; detail={told}"), "{path}");
            is_clean(&answer.headers, answer.status);
            assert_eq!(source.count(path.split('?').next().unwrap()), number, "{path}");
        }
    }
    for (path, requests) in [
        ("/c/s?cache-control=max-age=0,s-maxage=9", 1),
        ("/c/n?cache-control=max-age=9&status=404", 1),
        ("/c/r?cache-control=max-age=9&status=301&location=/c/x", 1),
        ("/lasting/t", 1),
        ("/lasting/e?status=404", 2),
        ("/c/204?cache-control=max-age=9&status=204&length=0", 1),
    ] {
        for _ in 0..2 {
            get(&edge, path, &[]).await;
        }
        assert_eq!(source.count(path.split('?').next().unwrap()), requests, "{path}");
    }
    // What was not kept once may be later.
    let path = "/c/later";
    get(&edge, path, &[]).await;
    let other = format!("{path}?cache-control=max-age=9");
    assert_eq!(status(&get(&edge, &other, &[]).await), "fwd=uri-miss; stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_a_condition_and_a_part_are_answered_from_the_whole() {
    let (_setup, edge, source) = start().await;
    let path = "/c/file?cache-control=max-age=60&etag=%22v1%22&length=5000&content-type=video/mp4\
                &last-modified=Fri,%2026%20Mar%202010%2000:05:00%20GMT";
    // A HEAD fetches the whole.
    let head = ask(&edge, Method::HEAD, path, &[]).await.expect_status(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("5000"), 0));
    let whole = get(&edge, path, &[]).await.expect_status(200);
    assert_eq!((status(&whole).as_str(), whole.body.len()), ("hit", 5000));
    let head = ask(&edge, Method::HEAD, path, &[]).await.expect_status(200);
    assert_eq!(
        (status(&head).as_str(), head.header("content-length"), head.body.len()),
        ("hit", Some("5000"), 0)
    );
    is_clean(&head.headers, 200);
    for (name, value, want) in [
        ("if-none-match", "\"v1\"", 304),
        ("if-none-match", "W/\"v1\", \"other\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"v2\"", 200),
        ("if-modified-since", "Fri, 26 Mar 2010 00:05:00 GMT", 304),
        ("if-modified-since", "Fri, 26 Mar 2010 00:04:59 GMT", 200),
    ] {
        let answer = get(&edge, path, &[(name, value)]).await.expect_status(want);
        assert_eq!(answer.body.len(), if want == 304 { 0 } else { 5000 });
        assert_eq!(answer.header("etag"), Some("\"v1\""));
        is_clean(&answer.headers, want);
    }
    for (range, condition, want) in [
        ("bytes=0-99", "", Some((0, 100))),
        ("bytes=4990-", "", Some((4990, 5000))),
        ("bytes=-10", "", Some((4990, 5000))),
        ("bytes=100-199", "\"v1\"", Some((100, 200))),
        ("bytes=100-199", "Fri, 26 Mar 2010 00:05:00 GMT", Some((100, 200))),
        ("bytes=100-199", "W/\"v1\"", None),
        ("bytes=100-199", "\"v2\"", None),
        ("lines=1-2", "", None),
    ] {
        let mut fields = vec![("range", range)];
        fields.extend(Some(("if-range", condition)).filter(|_| !condition.is_empty()));
        let answer = get(&edge, path, &fields).await;
        match want {
            Some((start, end)) => {
                let told = format!("bytes {start}-{}/5000", end - 1);
                assert_eq!(
                    (answer.status, answer.header("content-range")),
                    (206, Some(told.as_str())),
                    "{range}"
                );
                assert_eq!(answer.body, whole.body[start..end]);
            }
            None => assert_eq!((answer.status, &answer.body), (200, &whole.body), "{range} {condition}"),
        }
        is_clean(&answer.headers, answer.status);
    }
    let beyond = get(&edge, path, &[("range", "bytes=5000-")]).await.expect_status(416);
    assert_eq!(beyond.header("content-range"), Some("bytes */5000"));
    let parts = get(&edge, path, &[("range", "bytes=0-1,10-11")])
        .await
        .expect_status(206);
    assert!(
        parts
            .header("content-type")
            .unwrap()
            .starts_with("multipart/byteranges")
    );
    assert_eq!(source.count("/c/file"), 1);
    assert_eq!(source.seen("/c/file")[0].method, Method::GET);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_what_is_not_there_is_asked_for_as_it_is() {
    let (_setup, edge, source) = start().await;
    let path = "/c/part?cache-control=max-age=60&length=5000";
    let part = get(&edge, path, &[("range", "bytes=10-19")]).await;
    assert_eq!(status(&part), "fwd=uri-miss; detail=deferred");
    assert_eq!(source.seen("/c/part")[0].headers["range"], "bytes=10-19");
    // From its beginning it is fetched whole, and kept.
    let begin = get(&edge, path, &[("range", "bytes=0-")]).await.expect_status(206);
    assert_eq!(begin.body.len(), 5000);
    assert!(source.seen("/c/part")[1].headers.get("range").is_none());
    get(&edge, path, &[("range", "bytes=10-19")]).await.expect_status(206);
    assert_eq!(source.count("/c/part"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_are_kept_apart() {
    let (_setup, edge, source) = start().await;
    let path = "/c/v?cache-control=max-age=60&vary=accept-language,%20accept-encoding";
    for (language, body, told) in [
        ("en", "answer 1 ", "fwd=uri-miss; stored"),
        ("de", "answer 2 ", "fwd=uri-miss; stored"),
        ("en", "answer 1 ", "hit"),
        ("de", "answer 2 ", "hit"),
    ] {
        for coding in ["gzip", "br"] {
            let answer = get(
                &edge,
                path,
                &[("accept-language", language), ("accept-encoding", coding)],
            )
            .await;
            let told = if coding == "br" { "hit" } else { told };
            assert_eq!(
                (answer.text().as_str(), status(&answer).as_str()),
                (body, told),
                "{language} {coding}"
            );
        }
    }
    assert_eq!(source.count("/c/v"), 2);
    assert!(
        source
            .seen("/c/v")
            .iter()
            .all(|seen| !seen.headers.contains_key("accept-encoding"))
    );
    // The route says so where the answer does not.
    for (flavour, told) in [
        ("a", "fwd=uri-miss; stored"),
        ("b", "fwd=uri-miss; stored"),
        ("a", "hit"),
    ] {
        assert_eq!(status(&get(&edge, "/lasting/f", &[("x-flavour", flavour)]).await), told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_plain_is_compressed_for_each() {
    let (_setup, edge, source) = start().await;
    let path = "/c/text?cache-control=max-age=60&etag=%22v%22&content-type=text/plain&length=9000";
    for round in 0..2 {
        for coding in ["gzip", "br", "identity"] {
            let answer = get(&edge, path, &[("accept-encoding", coding)])
                .await
                .expect_status(200);
            let want = Some(coding).filter(|coding| *coding != "identity");
            assert_eq!(answer.header("content-encoding"), want, "{round}");
            assert_eq!(
                answer.header("etag"),
                Some(if want.is_some() { "W/\"v\"" } else { "\"v\"" })
            );
            assert!(
                answer
                    .header("vary")
                    .unwrap()
                    .to_ascii_lowercase()
                    .contains("accept-encoding")
            );
            is_clean(&answer.headers, 200);
        }
    }
    get(&edge, path, &[("if-none-match", "W/\"v\""), ("accept-encoding", "br")])
        .await
        .expect_status(304);
    assert_eq!(source.count("/c/text"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_want_what_is_kept_alone_or_not_at_all() {
    let (_setup, edge, source) = start().await;
    let path = "/c/only?cache-control=max-age=60";
    let only = [("cache-control", "only-if-cached")];
    let refused = get(&edge, path, &only).await.expect_status(504);
    assert_eq!(
        (refused.json()["code"].as_str(), source.count("/c/only")),
        (Some("NOT_CACHED"), 0)
    );
    let passed = get(&edge, path, &[("cache-control", "no-store")]).await;
    assert_eq!(status(&passed), "fwd=bypass; detail=no-store");
    get(&edge, path, &only).await.expect_status(504);
    get(&edge, path, &[]).await.expect_status(200);
    assert_eq!(status(&get(&edge, path, &only).await.expect_status(200)), "hit");
    assert_eq!(
        status(&get(&edge, path, &[("cache-control", "no-cache")]).await),
        "hit",
        "nobody wears a service out"
    );
    assert_eq!(source.count("/c/only"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_begins_with_nothing_kept_and_the_same_with_all() {
    let (setup, edge, source) = start().await;
    let path = "/c/reload?cache-control=max-age=60";
    get(&edge, path, &[]).await;
    setup.rewrite("rate: 100/15m", "rate: 101/15m");
    assert_eq!(edge.reload().await["outcome"], "applied");
    assert_eq!(status(&get(&edge, path, &[]).await), "hit");
    setup.rewrite("cache: {}", "cache: { ttl: 5s }");
    assert_eq!(edge.reload().await["outcome"], "applied");
    assert_eq!(status(&get(&edge, path, &[]).await), "fwd=uri-miss; stored");
    assert_eq!(source.count("/c/reload"), 2);
    setup.rewrite("max_size: 16MiB", "max_size: 32MiB");
    assert_eq!(edge.reload().await["needsUpgrade"][0], "cache.max_size");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_whether_and_under_which_key() {
    let (_setup, edge, _source) = start().await;
    let (code, told) = edge.types(&["explain", "GET", "/c/x?y", "-H", "x-api-key: k"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("answered from it if it can"), "{told}");
    assert!(
        told.contains("/c/x?y; alone for this caller (x-api-key)") && !told.contains("x-api-key: k"),
        "{told}"
    );
    let (_, told) = edge.types(&["explain", "POST", "/c/x"]).await;
    assert!(told.contains("passed by (method)"), "{told}");
    let (_, told) = edge.types(&["explain", "GET", "/plain"]).await;
    assert!(!told.contains("cache_key"), "{told}");
}
