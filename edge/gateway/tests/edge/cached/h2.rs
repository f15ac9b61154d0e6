//! The same over HTTP/2.

use super::start;
use crate::support::{Edge, PATIENCE};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use shared_testkit::eventually;

async fn get(edge: &Edge, path: &str) -> (Response<()>, String) {
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Empty<&[u8]>>();
    let request = Request::get(format!("http://{}{path}", edge.public))
        .body(Empty::new())
        .unwrap();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        Response::from_parts(head, ()),
        String::from_utf8_lossy(&body).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_and_renewed() {
    let (_setup, edge, source) = start().await;
    let path = "/c/two?cache-control=max-age=1,stale-while-revalidate=60&length=70000";
    let (_, first) = get(&edge, path).await;
    let (head, again) = get(&edge, path).await;
    assert!(
        head.headers()["cache-status"]
            .to_str()
            .unwrap()
            .starts_with("edge; hit")
            && first == again
    );
    assert_eq!((again.len(), source.count("/c/two")), (70_000, 1));
    let stale = eventually(PATIENCE, || async {
        let (head, body) = get(&edge, path).await;
        let told = head.headers()["cache-status"].to_str().unwrap().to_owned();
        told.contains("ttl=-").then_some(body)
    });
    assert_eq!(stale.await, first);
    eventually(PATIENCE, || async { get(&edge, path).await.1 != first }).await;
    assert!(!edge.log().contains("panicked"), "{}", edge.log());
    // HTTP/1.1 is another way to the same answer.
    let count = source.count("/c/two");
    super::get(&edge, path, &[]).await.expect_status(200);
    assert!(source.count("/c/two") <= count + 1);
}
