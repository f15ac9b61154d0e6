//! A client that gives up frees what the edge asked for it.

use crate::{
    faulty::{Faulty, Mood},
    support::{CARE, Edge, PATIENCE, Setup},
};
use bytes::Bytes;
use http::{Request, Version};
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use shared_testkit::eventually;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const FILE: &str = "/media/x";
const GRAPHQL: &str = "/graphql?query=%7BgetPosts%7Bmessage%7DgetComments(postId%3A1)%7Bmessage%7D%7D";

/// Asks over one version of HTTP.
struct Asker {
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Empty<Bytes>>,
    version: Version,
}

impl Asker {
    fn new(version: Version) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        let builder = builder.http2_only(version == Version::HTTP_2);
        Self {
            client: builder.build_http(),
            version,
        }
    }

    /// Asks; the status, when it comes. To abort it is to leave: the connection over HTTP/1, the stream over HTTP/2.
    fn ask(&self, edge: &Edge, path: &str) -> JoinHandle<u16> {
        let request = Request::get(format!("http://{}{path}", edge.public)).version(self.version);
        let answer = self.client.request(request.body(Empty::new()).unwrap());
        tokio::spawn(async move { answer.await.unwrap().status().as_u16() })
    }
}

/// Leaves three times while each of `origins` holds its answer back. Each must see its request end within 100 ms; the best of
/// three, as the machine may be busy with other things.
async fn leaves(version: Version, path: &str, services: &[&'static str]) {
    let mut setup = Setup::new().edit(CARE, "");
    let mut origins = Vec::new();
    for service in services {
        let origin = Faulty::start().await;
        origin.is(Mood::Silent);
        setup = setup.targets(service, &[origin.address]);
        origins.push(origin);
    }
    let edge = setup.start().await;
    let asker = Asker::new(version);
    let mut waited = Duration::MAX;
    for number in 1..=3 {
        let asking = asker.ask(&edge, path);
        let mut last = Duration::ZERO;
        for origin in &origins {
            eventually(PATIENCE, || async { origin.requests() == number }).await;
        }
        let gone = Instant::now();
        asking.abort();
        for origin in &origins {
            let left = eventually(PATIENCE, || async { origin.left() }).await;
            last = last.max(left.saturating_duration_since(gone));
        }
        waited = waited.min(last);
    }
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    for service in services {
        let upstream = service.to_lowercase();
        eventually(PATIENCE, || async {
            edge.status().await["upstreams"][&upstream]["requestsInFlight"] == 0
        })
        .await;
    }
    origins.iter().for_each(|origin| origin.is(Mood::Well));
    assert_eq!(asker.ask(&edge, path).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http1_its_request_ends() {
    leaves(Version::HTTP_11, FILE, &["MEDIA"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_its_request_ends() {
    leaves(Version::HTTP_2, FILE, &["MEDIA"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http1_all_its_calls_of_subgraphs_end() {
    leaves(Version::HTTP_11, GRAPHQL, &["POSTS", "COMMENTS"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http2_all_its_calls_of_subgraphs_end() {
    leaves(Version::HTTP_2, GRAPHQL, &["POSTS", "COMMENTS"]).await;
}
