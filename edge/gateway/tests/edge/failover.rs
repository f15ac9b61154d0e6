//! Targets that are dead, sick, slow, or break off.

use crate::{
    origins::Origin,
    support::{AUTH, PATIENCE, Setup, free_address},
};
use http::Method;
use shared_testkit::{Client, eventually};
use std::time::{Duration, Instant};

const NO_PROBES: (&str, &str) = (AUTH, "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"");

const IN_TURN: &str = "targets: \"${AUTH_TARGETS:-127.0.0.1:3001}\"\n    load_balancing: round_robin";

async fn origin_of(client: &Client) -> String {
    let answer = client.get("/api/auth/me").await.expect_status(200);
    answer.json()["origin"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_round_and_pass_over_the_dead() {
    let setup = Setup::new();
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let dead = free_address();
    // Without probes: requests alone have to find out, once and not each anew.
    let setup = setup
        .targets("AUTH", &[one.address, dead, two.address])
        .edit(NO_PROBES.0, IN_TURN);
    let setup = setup.edit("rate: 100/15m", "rate: 1000/15m");
    let edge = setup.start().await;
    let client = edge.client();
    let mut counts = [0; 2];
    for _ in 0..40 {
        counts[usize::from(origin_of(&client).await == "two")] += 1;
    }
    assert!(counts.iter().all(|count| (18..=22).contains(count)), "{counts:?}");
    let failures = edge
        .metric("edge_upstream_events_total{upstream=\"auth\",event=\"connect_failure\"}")
        .await;
    assert!(failures <= 3.0, "the dead target is asked by {failures} requests of 40");
    // A POST goes on to the next target too: nothing of it was sent to the dead one.
    for _ in 0..6 {
        client.post("/api/auth/login").await.expect_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sick_target_is_avoided_and_comes_back() {
    let setup = Setup::new();
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let setup = setup
        .targets("AUTH", &[one.address, two.address])
        .edit("rate: 100/15m", "rate: 1000/15m");
    let edge = setup.start().await;
    let client = edge.client();
    one.set_well(false);
    edge.sees("auth", one.address, false).await;
    for _ in 0..6 {
        assert_eq!(origin_of(&client).await, "two");
    }
    // All are sick: better a sick one than none.
    two.set_well(false);
    edge.sees("auth", two.address, false).await;
    origin_of(&client).await;
    one.set_well(true);
    edge.sees("auth", one.address, true).await;
    assert_eq!(origin_of(&client).await, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_a_problem_at_once_and_others_do_not_notice() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let (setup, _media) = setup.origin("MEDIA").await;
    let edge = setup.start().await;
    let client = edge.client();
    client.get("/api/auth/me").await.expect_status(200);
    let address = auth.stop().await;
    for method in [Method::GET, Method::POST] {
        let began = Instant::now();
        let answer = client
            .send(method, "/api/auth/me", None, Default::default())
            .await
            .expect_status(503);
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        let text = answer.text();
        assert!(
            !text.contains(&address.port().to_string()),
            "no address of the house: {text}"
        );
        assert_eq!(answer.problem().code.as_str(), "UPSTREAM_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    client.get("/media/x").await.expect_status(200);
    let _auth = Origin::start_at("AUTH", &setup.tokens, address).await;
    eventually(PATIENCE, || async { client.get("/api/auth/me").await.status == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_service_times_out() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("request: 15s", "request: 1s");
    let edge = setup.start().await;
    for method in [Method::GET, Method::POST] {
        let began = Instant::now();
        let answer = edge
            .client()
            .send(method, "/api/auth/slow", None, Default::default())
            .await
            .expect_status(504);
        assert_eq!(answer.problem().code.as_str(), "UPSTREAM_TIMEOUT");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_makes_no_sense_is_told_as_that() {
    use tokio::io::AsyncWriteExt;
    let setup = Setup::new().edit(NO_PROBES.0, NO_PROBES.1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let setup = setup.targets("AUTH", &[listener.local_addr().unwrap()]);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
        }
    });
    let edge = setup.start().await;
    let answer = edge.client().post("/api/auth/login").await.expect_status(502);
    assert_eq!(answer.problem().code.as_str(), "UPSTREAM_FAILED");
    assert!(edge.log().contains("request failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_may_be_a_name() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let setup = setup.variable(
        "AUTH_TARGETS",
        &format!("no-such-host.invalid:1,localhost:{}", auth.address.port()),
    );
    let edge = setup.start().await;
    let client = edge.client();
    eventually(PATIENCE, || async { client.get("/api/auth/me").await.status == 200 }).await;
}
