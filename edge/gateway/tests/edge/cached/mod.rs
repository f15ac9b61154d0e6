//! Answers that are kept and given again.

mod basics;
mod bodies;
mod collapse;
mod h2;
mod identities;
mod purges;
mod source;
mod stale;

use crate::support::{Edge, Setup};
use http::{HeaderMap, Method};
use shared_testkit::Answer;
use source::Source;

/// Anybody's route, routes of users, one that varies, and one without a cache.
const ROUTES: &str = "
cache: { max_size: 16MiB, max_object: 2MiB }
routes:
  cached:
    match: { path_prefix: /c }
    auth: public
    rate_limits: []
    timeouts: { first_byte: 14s }
    upstream: posts
    cache: {}
  lasting:
    match: { path_prefix: /lasting }
    auth: public
    rate_limits: []
    timeouts: { request: 4s }
    upstream: posts
    cache: { ttl: 1m, stale_while_revalidate: 1m, stale_if_error: 1h, vary: [x-flavour] }
  users_only:
    match: { path_prefix: /u }
    rate_limits: []
    upstream: posts
    cache: {}
  stripped:
    match: { path_prefix: /s }
    auth: { optional: true }
    rate_limits: []
    upstream: posts
    cache: { credentials: stripped }
  uncached:
    match: { path_prefix: /plain }
    auth: public
    rate_limits: []
    upstream: posts
";

/// An edge in front of one origin.
pub(super) async fn start() -> (Setup, Edge, Source) {
    start_with(|setup| setup).await
}

pub(super) async fn start_with(change: impl FnOnce(Setup) -> Setup) -> (Setup, Edge, Source) {
    let source = Source::start().await;
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.targets("POSTS", &[source.address]).edit("\nroutes:\n", ROUTES);
    // A crowd comes from one address, within a second where the machine is fast, and late where it is slow.
    let crowds = "connections_per_ip: 4096, requests_per_second_per_ip: 100000";
    let setup = change(setup.edit("connections_per_ip: 256", crowds));
    let edge = setup.start().await;
    edge.sees("posts", source.address, true).await;
    (setup, edge, source)
}

/// A request with fields of its own.
pub(super) async fn ask(edge: &Edge, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
    let client = fields
        .iter()
        .fold(edge.client(), |client, (name, value)| client.header(name, value));
    client.send(method, path, None, Vec::new().into()).await
}

pub(super) async fn get(edge: &Edge, path: &str, fields: &[(&str, &str)]) -> Answer {
    ask(edge, Method::GET, path, fields).await
}

/// The word of `Cache-Status` behind the edge's name.
pub(super) fn status(answer: &Answer) -> String {
    let told = answer.header("cache-status").unwrap_or_default();
    let rest = told.strip_prefix("edge; ").unwrap_or(told);
    rest.split("; ttl=").next().unwrap_or_default().to_owned()
}

/// What every answer that the cache had a hand in must be like.
pub(super) fn is_clean(headers: &HeaderMap, status: u16) {
    let count = |name: &str| headers.get_all(name).iter().count();
    for name in [
        "age",
        "date",
        "etag",
        "content-length",
        "content-type",
        "content-range",
        "last-modified",
        "cache-control",
    ] {
        assert!(count(name) <= 1, "{name} in {headers:?}");
    }
    for name in ["cache-tag", "surrogate-key", "keep-alive", "server"] {
        assert_eq!(count(name), 0, "{name} in {headers:?}");
    }
    assert!(count("content-length") + count("transfer-encoding") <= 1, "{headers:?}");
    assert_eq!(count("content-range") == 1, matches!(status, 206 | 416), "{headers:?}");
    if status == 304 {
        assert_eq!(count("content-type") + count("content-length"), 0, "{headers:?}");
    }
}
