//! A ring keeps what belongs together at one instance: by a field, and by the client where there is none.

use crate::{
    faulty::Faulty,
    support::{Edge, MEDIA, Setup},
};
use http::Method;
use serde_json::json;

const RING: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: ring
    ring_key: header.x-tenant";

/// How many of these are asked by some requests.
async fn asked(edge: &Edge, origins: &[Faulty], tenants: impl Iterator<Item = String>) -> usize {
    let before: Vec<u32> = origins.iter().map(Faulty::requests).collect();
    for tenant in tenants {
        let client = edge.client().header("x-tenant", &tenant);
        client.get("/media/x").await.expect_status(200);
    }
    let both = origins.iter().zip(before);
    both.filter(|(origin, before)| origin.requests() > *before).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_keeps_requests_at_one_instance() {
    let origins = [Faulty::start().await, Faulty::start().await, Faulty::start().await];
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let setup = Setup::new().targets("MEDIA", &addresses).edit(MEDIA, RING);
    let edge = setup.start().await;
    assert_eq!(asked(&edge, &origins, (0..20).map(|_| "one".to_owned())).await, 1);
    assert_eq!(
        asked(&edge, &origins, (0..60).map(|number| number.to_string())).await,
        3
    );
    assert_eq!(asked(&edge, &origins, (0..20).map(|_| String::new())).await, 1);

    for (headers, words) in [
        (json!([["x-tenant", "one"]]), "the place of the ring's key"),
        (json!([]), "the client's place on the ring"),
    ] {
        let request = json!({ "method": "GET", "target": "/media/x", "headers": headers, "clientIp": "127.0.0.1" });
        let report = edge
            .ask(Method::POST, "/explain", request)
            .await
            .expect_status(200)
            .text();
        assert!(report.contains(words), "{words}: {report}");
    }
}
