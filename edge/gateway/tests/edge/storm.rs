//! A hundred reloads, half of them broken, under requests, WebSockets and an event stream.

use crate::{
    lasting::Asking,
    origins::Origin,
    sockets::{Socket, echo},
    support::{PATIENCE, Setup},
};
use rustix::process::Signal;
use serde_json::Value;
use shared_testkit::eventually;

const RELOADS: usize = 100;
const BROKEN: (&str, &str) = (
    "upstream: media\n\n  comment_stream",
    "upsteam: media\n\n  comment_stream",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_reloads_cost_no_request_no_socket_and_no_event() {
    let (setup, comments) = Setup::new().origin("COMMENTS").await;
    let (setup, _posts) = setup.origin("POSTS").await;
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let setup = setup
        .targets("AUTH", &[one.address, two.address])
        .targets("NOTIFICATIONS", &[echo("").await])
        .edit("rate: 100/15m", "rate: 1000000/15m");
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = format!("Bearer {}", setup.tokens.token(7, "ann"));
    let user = edge.client().header("authorization", &token);
    comments.say("0").await;
    let mut events = user.events("/api/sse/comments/1").await;
    assert_eq!(events.next(PATIENCE).await.unwrap().data, "0");
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::open(edge.public, "").await.0);
    }
    let graphql = "/graphql?query=%7BgetPosts%7Bmessage%7DgetComments(postId%3A1)%7Bmessage%7D%7D";
    let whole = |answer: &shared_testkit::Answer| answer.status == 200 && answer.json()["errors"].is_null();
    let asking = [
        Asking::start(edge.client(), "/api/auth/me", |answer| answer.status == 200),
        Asking::start(user.fresh(), "/api/auth/me", |answer| answer.status == 200),
        Asking::start(user.fresh(), graphql, whole),
        // A connection each, none kept.
        Asking::start(edge.client().header("connection", "close"), "/api/auth/me", |answer| {
            answer.status == 200
        }),
    ];

    let mut applied = 1;
    for n in 1..=RELOADS {
        let is_broken = n % 2 == 0;
        if is_broken {
            setup.rewrite(BROKEN.0, BROKEN.1);
        } else {
            // All upstreams are other pools, and the issuer another one, each time.
            let seconds = |n: usize| (format!("interval: {}s", 1 + n / 2), format!("refresh: {}m", 10 + n / 2));
            let (before, now) = (seconds(n - 1), seconds(n + 1));
            setup.rewrite(&before.0, &now.0);
            setup.rewrite(&before.1, &now.1);
            applied += 1;
        }
        let outcome = edge.reload().await;
        let wanted = if is_broken { "refused" } else { "applied" };
        // The watcher may have been there first.
        let seen = outcome["outcome"] == wanted || (!is_broken && outcome["outcome"] == "unchanged");
        assert!(seen && outcome["generation"] == applied, "{n}: {outcome}");
        if is_broken {
            setup.rewrite(BROKEN.1, BROKEN.0);
        }
        if n % 10 == 0 {
            edge.signal(Signal::HUP);
            comments.say(&n.to_string()).await;
            assert_eq!(events.next(PATIENCE).await.unwrap().data, n.to_string());
            for socket in &mut sockets {
                socket.says("ping").await;
                socket.hears("ping").await;
            }
        }
    }
    for asking in asking {
        asking.goes_on().await;
        assert_eq!(asking.stop().await, [""; 0]);
    }
    let status = edge.status().await;
    assert_eq!(
        (&status["generation"], &status["streams"]),
        (&applied.into(), &21.into())
    );
    assert_eq!(edge.metric("edge_config_generation").await, f64::from(applied));
    assert_eq!(
        edge.metric("edge_config_reloads_total{result=\"applied\"}").await,
        f64::from(applied - 1)
    );
    let refused = edge.metric("edge_config_reloads_total{result=\"refused\"}").await;
    assert!(refused >= 50.0, "{refused}");
    let told = edge.log().matches("configuration refused").count();
    assert!(told as f64 >= refused, "{told} of {refused}");
    drop((events, sockets));
    // Nothing of the fifty is left but the one that serves.
    eventually(PATIENCE, || async {
        let shown = edge.operator().get("/generations").await.json();
        let all = shown["generations"].as_array().unwrap().clone();
        all.len() == 10 && all.iter().filter(|one| one["inUse"] == Value::Bool(true)).count() == 1
    })
    .await;
}
