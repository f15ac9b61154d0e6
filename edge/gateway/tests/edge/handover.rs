//! Another process takes over: no request is lost, sockets part in good order, and one that does not get ready changes nothing.

use crate::{
    faulty::Faulty,
    lasting::Asking,
    sockets::{Socket, echo},
    steady::Steady,
    support::{Edge, PATIENCE, Setup},
};
use http::Method;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use shared_testkit::{Answer, eventually};
use std::time::Duration;
use tokio::{io::AsyncReadExt, time::timeout};

/// A successor; it ends with this.
pub(crate) struct Successor(Pid);

impl Successor {
    pub(crate) fn of(answer: &Answer) -> Self {
        Self::with(answer.json()["pid"].as_i64().unwrap())
    }

    fn with(pid: i64) -> Self {
        Self(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap())
    }

    pub(crate) async fn serves(&self, edge: &Edge) {
        let pid = self.0.as_raw_nonzero().get();
        eventually(PATIENCE, || async { edge.status().await["pid"] == pid }).await;
    }

    /// Waits until it has ended.
    pub(crate) async fn is_gone(&self) {
        eventually(PATIENCE, || async { test_kill_process(self.0).is_err() }).await;
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

async fn setup() -> (Setup, crate::origins::Origin) {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let setup = setup.targets("NOTIFICATIONS", &[echo("").await]);
    let setup = setup.edit("redis: { url", "drain: { spread: 1s }\nredis: { url");
    (setup.edit("rate: 100/15m", "rate: 1000000/15m"), auth)
}

pub(crate) async fn upgrade(edge: &Edge) -> Answer {
    edge.ask(Method::POST, "/upgrade", Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_takes_over_and_no_request_is_lost() {
    let (setup, _auth) = setup().await;
    let files = Faulty::start().await;
    let setup = setup.targets("MEDIA", &[files.address]);
    let mut edge = setup.start().await;
    edge.knows_issuer().await;
    let token = format!("Bearer {}", setup.tokens.token(7, "ann"));
    let user = edge.client().header("authorization", &token);
    let asking = [
        Asking::start(user.clone(), "/api/auth/me", |answer| answer.status == 200),
        Asking::start(edge.client().header("connection", "close"), "/api/auth/me", |answer| {
            answer.status == 200
        }),
    ];
    // Clients that send nothing twice, on connections that they keep.
    let steady = Steady::start(edge.public, "/media/x", 8, Duration::from_millis(5));
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(Socket::open(edge.public, "").await.0);
    }
    let mut successors = Vec::new();
    for turn in 0..2 {
        let successor = Successor::of(&upgrade(&edge).await.expect_status(200));
        successor.serves(&edge).await;
        for asking in &asking {
            asking.goes_on().await;
        }
        if turn == 0 {
            assert!(edge.ended().await.success());
            for mut socket in sockets.drain(..) {
                let mut rest = Vec::new();
                let read = timeout(PATIENCE, socket.0.read_to_end(&mut rest)).await;
                read.expect("an end").expect("no reset");
                assert_eq!(rest[..4], [0x88, 12, 0x03, 0xe9], "{rest:?}");
            }
        }
        successors.push(successor);
    }
    let (mut socket, _) = Socket::open(edge.public, "").await;
    socket.says("still").await;
    socket.hears("still").await;
    // The one before is still about to end.
    eventually(PATIENCE, || async { edge.status().await["streams"] == 1 }).await;
    for asking in asking {
        assert_eq!(asking.stop().await, [""; 0]);
    }
    let tally = steady.tally();
    assert!(tally.failed + tally.broken == 0 && tally.served > 100, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_get_ready_changes_nothing() {
    let (setup, _auth) = setup().await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    setup.rewrite(
        "upstream: media\n\n  comment_stream",
        "upsteam: media\n\n  comment_stream",
    );
    let answer = upgrade(&edge).await.expect_status(503);
    assert_eq!(answer.problem().code.as_str(), "HANDOVER_FAILED");
    let (code, printed) = edge.types(&["upgrade"]).await;
    assert!(
        code == 1 && printed.contains("ended before it was ready"),
        "{code} {printed}"
    );
    edge.client().get("/api/auth/me").await.expect_status(200);
    assert!(edge.log().contains("nobody took over"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_asks_for_it_too() {
    let (setup, _auth) = setup().await;
    let mut edge = setup.start().await;
    let before = edge.status().await["pid"].as_i64();
    edge.signal(Signal::USR2);
    // Both answer for a moment.
    let _successor = eventually(PATIENCE, || async {
        let pid = edge.status().await["pid"].as_i64();
        (pid != before).then(|| Successor::with(pid.unwrap()))
    })
    .await;
    assert!(edge.ended().await.success());
    edge.client().get("/health").await.expect_status(200);
}
