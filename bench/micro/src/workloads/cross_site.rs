//! CORS and CSRF.

use super::browser;
use crate::Workload;
use edge_policy::{
    cors::{CorsPolicy, is_preflight},
    csrf::{Asked, CsrfPolicy},
};
use http::{HeaderMap, Method};
use std::time::Duration;

pub(super) fn workloads() -> Vec<Workload> {
    let preflight = browser(&[
        ("access-control-request-method", "DELETE"),
        ("access-control-request-headers", "content-type,authorization"),
    ]);
    let actual = browser(&[("cookie", "access_token=x")]);
    let asked = actual.clone();
    assert!(is_preflight(&Method::OPTIONS, &preflight));
    let (answering, marking, judging) = (policy(), policy(), policy());
    let csrf = CsrfPolicy::default();
    assert!(csrf.judge(&post(&actual), Some(&judging)).passes());
    vec![
        Workload::new("cors::preflight", move || answering.preflight(&preflight)),
        Workload::new("cors::actual", move || {
            let mut answer = HeaderMap::new();
            marking.tell(&actual, &mut answer);
            answer
        }),
        Workload::new("csrf::check::post with a cookie", move || {
            csrf.judge(&post(&asked), Some(&judging))
        }),
    ]
}

fn post(headers: &HeaderMap) -> Asked<'_> {
    Asked {
        method: &Method::POST,
        upgrade: false,
        headers,
        is_shown: false,
    }
}

fn policy() -> CorsPolicy {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    CorsPolicy::new(
        &["https://feed.example", "http://localhost:5173"][..],
        true,
        &methods[..],
        &["content-type", "authorization"][..],
        &["x-request-id"][..],
        Duration::from_secs(600),
    )
    .expect("a policy")
}
