//! Bodies: large, of unknown length, broken, and too many of them.

use super::{get, source::Source, start, start_with, status};
use crate::support::PATIENCE;
use http::Method;
use shared_testkit::eventually;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_read_while_it_is_kept() {
    let (_setup, edge, source) = start().await;
    let path = "/c/large?cache-control=max-age=60&pause&length=1900000";
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        edge.public
    );
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(edge.public).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // The first piece comes while the origin still holds the others.
        let mut piece = vec![0; 50_000];
        timeout(PATIENCE, stream.read_exact(&mut piece))
            .await
            .expect("the beginning")
            .unwrap();
        readers.push((stream, piece));
    }
    assert_eq!(source.count("/c/large"), 1);
    source.release();
    for (mut stream, mut read) in readers {
        timeout(PATIENCE, stream.read_to_end(&mut read))
            .await
            .expect("the end")
            .unwrap();
        assert!(read.len() > 1_900_000 && read.len() < 1_902_000, "{}", read.len());
    }
    let again = get(&edge, path, &[]).await;
    assert_eq!((status(&again).as_str(), again.body.len()), ("hit", 1_900_000));
    let part = get(&edge, path, &[("range", "bytes=1000000-1000009")])
        .await
        .expect_status(206);
    assert_eq!(part.body, again.body[1_000_000..1_000_010]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_is_kept_once_it_is_whole() {
    let (_setup, edge, source) = start().await;
    for (path, method) in [("/c/ca", Method::GET), ("/c/cb", Method::HEAD)] {
        let whole = format!("{path}?cache-control=max-age=60&chunked&length=50000");
        // A HEAD does not wait for an end.
        let fetched = usize::from(method == Method::HEAD) + 1;
        super::ask(&edge, method, &whole, &[]).await.expect_status(200);
        get(&edge, &whole, &[]).await.expect_status(200);
        let again = get(&edge, &whole, &[]).await;
        assert_eq!((status(&again).as_str(), again.body.len()), ("hit", 50_000), "{path}");
        assert_eq!(again.header("content-length"), Some("50000"));
        get(&edge, &whole, &[("range", "bytes=0-9")]).await.expect_status(206);
        assert_eq!(source.count(path), fetched);
    }
    for path in [
        "/c/unkept",
        "/c/unkept-chunks?chunked",
        "/c/unkept-large?chunked&length=3000000",
    ] {
        let answer = super::ask(&edge, Method::HEAD, path, &[]).await.expect_status(200);
        assert!(answer.body.is_empty());
        assert!(!get(&edge, path, &[]).await.expect_status(200).body.is_empty());
    }
    // One that turns out too large goes to its client all the same.
    let path = "/c/huge?cache-control=max-age=60&chunked&length=5000000";
    for number in 1..4 {
        let answer = get(&edge, path, &[]).await.expect_status(200);
        assert_eq!(answer.body.len(), 5_000_000);
        assert_eq!(source.count("/c/huge"), number);
    }
    // Nothing is left of it.
    eventually(PATIENCE, || async { edge.metric("edge_cache_fill_bytes").await == 0.0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_body_is_not_kept() {
    let (_setup, edge, source) = start().await;
    for (path, own) in [
        ("/c/broken?cache-control=max-age=60&break&length=100000", "/c/broken"),
        (
            "/c/broken-chunks?cache-control=max-age=60&break&chunked&length=100000",
            "/c/broken-chunks",
        ),
    ] {
        for number in 1..3 {
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                edge.public
            );
            let read = crate::support::raw(edge.public, request.as_bytes()).await;
            // What broke before anything was given is told; after that the connection breaks off.
            assert!(
                read.starts_with("HTTP/1.1 200") || read.starts_with("HTTP/1.1 502"),
                "{read}"
            );
            assert!(read.len() < 60_000, "{}", read.len());
            assert!(
                read.starts_with("HTTP/1.1 502") || !read.ends_with("0\r\n\r\n"),
                "a broken body does not look whole"
            );
            eventually(PATIENCE, || async { source.count(own) == number }).await;
        }
    }
    eventually(PATIENCE, || async { edge.metric("edge_cache_fill_bytes").await == 0.0 }).await;
    assert_eq!(edge.metric("edge_cache_entries").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_while_it_is_kept_is_not_tried_elsewhere() {
    let other = Source::start().await;
    let (_setup, edge, source) = start_with(|setup| setup.also("POSTS", other.address)).await;
    edge.sees("posts", other.address, true).await;
    for round in 1..5 {
        let path = format!("/c/breaks-{round}?cache-control=max-age=60&break&length=100000");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            edge.public
        );
        crate::support::raw(edge.public, request.as_bytes()).await;
        let own = format!("/c/breaks-{round}");
        assert_eq!(source.count(&own) + other.count(&own), 1);
    }
    assert!(!edge.log().contains("panicked"), "{}", edge.log());
    get(&edge, "/c/well?cache-control=max-age=60", &[])
        .await
        .expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    let (_setup, edge, source) = start().await;
    let edge = Arc::new(edge);
    get(&edge, "/c/warm?cache-control=max-age=60&length=1000000", &[]).await;
    let before = edge.resident();
    // 16 MiB may be kept; ten times as much passes.
    let ask = |worker: usize| {
        let edge = Arc::clone(&edge);
        tokio::spawn(async move {
            for number in 0..40 {
                let path = format!("/c/m{worker}-{number}?cache-control=max-age=60&length=1000000");
                assert_eq!(get(&edge, &path, &[]).await.body.len(), 1_000_000);
            }
        })
    };
    for worker in (0..4).map(ask).collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    assert_eq!(source.count("/c/m3-39"), 1);
    let bytes = edge.metric("edge_cache_bytes").await + edge.metric("edge_cache_fill_bytes").await;
    assert!(bytes <= f64::from(16 << 20), "{bytes}");
    assert!(edge.metric("edge_cache_evictions_total").await > 50.0);
    let grown = edge.resident().saturating_sub(before) >> 20;
    assert!(grown < 64, "{grown} MiB more");
}
