//! Arrive: bounds of the head, the path's normal form, the client's address, the request's names.

use super::browser;
use crate::Workload;
use edge_policy::{
    client_ip::client_ip,
    head::{Head, HeadLimits, check},
    path::normalise,
    request_id::{request_id, traceparent},
};
use http::{Method, Version};
use std::{hint::black_box, net::IpAddr};

const LIMITS: HeadLimits = HeadLimits {
    max_bytes: 32 * 1024,
    max_fields: 128,
};

pub(super) fn workloads() -> Vec<Workload> {
    let headers = browser(&[]);
    let plain = "/api/sse/comments/1234";
    let escaped = "/api/%70osts/caf%c3%a9/1234";
    let proxies: Vec<ipnet::IpNet> = ["10.0.0.0/8", "fd00::/8"]
        .map(|net| net.parse().expect("a network"))
        .into();
    let direct: IpAddr = [203, 0, 113, 9].into();
    let proxy: IpAddr = [10, 0, 0, 1].into();
    let checked = move || {
        let head = Head {
            version: Version::HTTP_11,
            method: &Method::GET,
            target_bytes: black_box(plain.len()),
            authority: None,
            headers: &headers,
        };
        check(&head, LIMITS)
    };
    assert!(checked().is_ok());
    assert!(normalise(plain).is_ok() && normalise(escaped).is_ok());
    let trusted = proxies.clone();
    vec![
        Workload::new("head::check", checked),
        Workload::new("path::normalise::plain", move || normalise(black_box(plain)).is_ok()),
        Workload::new("path::normalise::escaped", move || {
            normalise(black_box(escaped)).is_ok()
        }),
        Workload::new("client_ip::direct", move || {
            client_ip(black_box(direct), [].into_iter(), &proxies)
        }),
        Workload::new("client_ip::behind two proxies", move || {
            let lines = ["198.51.100.2, 10.0.0.9"];
            client_ip(black_box(proxy), lines.into_iter(), &trusted)
        }),
        Workload::new("request_id::kept", || {
            let client = black_box(&b"0198c1d2e3f4a5b6c7d8e9f00112233"[..]);
            request_id(Some(client), String::new)
        }),
        Workload::new("request_id::traceparent made", || {
            traceparent(None, || black_box((7, 9)))
        }),
    ]
}
