//! A route that names a subset goes to no other instance, and says so.

use crate::{
    faulty::Faulty,
    support::{MEDIA, Setup},
};
use http::Method;
use serde_json::json;

const LABELLED: &str = "targets:
      - { address: \"${STABLE}\", labels: { version: stable } }
      - { address: \"${CANARY}\", labels: { version: canary, zone: a } }";
const ROUTE: &str = "    rate_limits: []\n    upstream: media\n";
const SUBSET: &str = "    rate_limits: []\n    upstream: media\n    subset: { version: canary }\n";

#[tokio::test(flavor = "multi_thread")]
async fn only_instances_of_the_subset_are_chosen() {
    let (stable, mut canary) = (Faulty::start().await, Faulty::start().await);
    let setup = Setup::new()
        .variable("STABLE", &stable.address.to_string())
        .variable("CANARY", &canary.address.to_string())
        .edit(MEDIA, LABELLED)
        .edit(ROUTE, SUBSET);
    let edge = setup.start().await;
    let client = edge.client();
    for _ in 0..10 {
        client.get("/media/x").await.expect_status(200);
    }
    assert_eq!((stable.requests(), canary.requests()), (0, 10));

    let targets = edge.status().await["upstreams"]["media"]["targets"].clone();
    assert_eq!(targets[1]["labels"], json!({ "version": "canary", "zone": "a" }));
    let asked = json!({ "method": "GET", "target": "/media/x", "headers": [], "clientIp": "127.0.0.1" });
    let report = edge
        .ask(Method::POST, "/explain", asked)
        .await
        .expect_status(200)
        .text();
    for words in [
        "only instances with version: canary",
        "(version: stable), not of the route's subset",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }

    // Better no answer than one of another version.
    canary.kill().await;
    assert!(client.get("/media/x").await.status >= 500);
    assert_eq!(stable.requests(), 0);

    setup.rewrite("subset: { version: canary }", "subset: { version: stable }");
    edge.reload().await;
    client.get("/media/x").await.expect_status(200);
    assert_eq!(stable.requests(), 1);
}
