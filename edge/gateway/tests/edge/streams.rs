//! Answers and sockets that stay open: event streams, WebSockets, and clients bound to their instance.

use crate::{
    origins::Origin,
    support::{NOTIFICATIONS, PATIENCE, Setup},
};
use futures::{SinkExt, StreamExt};
use http::Method;
use serde_json::json;
use shared_testkit::eventually;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::server::{Request, Response},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_one_by_one() {
    let (setup, comments) = Setup::new().origin("COMMENTS").await;
    let (setup, _auth) = setup.origin("AUTH").await;
    // A stream outlives the time that other answers have.
    let setup = setup.edit("request: 15s", "request: 1s");
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let client = edge
        .client()
        .header("authorization", &format!("Bearer {}", setup.tokens.token(7, "ann")));
    comments.say("first").await;
    let mut events = client.events("/api/sse/comments/1").await;
    assert_eq!(events.next(Duration::from_secs(2)).await.unwrap().data, "first");
    assert_eq!(edge.status().await["streams"], 1);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    comments.say("second").await;
    let event = events.next(Duration::from_secs(1)).await.unwrap();
    assert_eq!((event.event.as_str(), event.data.as_str()), ("comment_added", "second"));
    drop(events);
    eventually(PATIENCE, || async { edge.status().await["streams"] == 0 }).await;
}

/// A WebSocket echo that tells first which path and user it was opened with.
pub(crate) async fn socket_origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut opened = String::new();
                #[allow(clippy::result_large_err, reason = "the library's own signature")]
                let look = |request: &Request, response: Response| {
                    let user = request
                        .headers()
                        .get("x-user-id")
                        .and_then(|id| id.to_str().ok())
                        .unwrap_or("nobody");
                    opened = format!("{} {user}", request.uri());
                    Ok(response)
                };
                let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, look).await else {
                    return;
                };
                socket.send(Message::text(opened)).await.unwrap();
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text() || message.is_binary() {
                        socket.send(message).await.unwrap();
                    }
                }
            });
        }
    });
    address
}

pub(crate) const NO_PROBES: (&str, &str) = (NOTIFICATIONS, "targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"");

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_passes_through() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup
        .targets("NOTIFICATIONS", &[socket_origin().await])
        .edit(NO_PROBES.0, NO_PROBES.1);
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let url = format!(
        "ws://{}/notifications/socket.io/?EIO=4&transport=websocket",
        edge.public
    );
    let mut request = url.into_client_request().unwrap();
    let token = setup.tokens.token(7, "ann");
    request
        .headers_mut()
        .insert("cookie", format!("access_token={token}").parse().unwrap());
    request.headers_mut().insert("x-user-id", "1".parse().unwrap());
    let (mut socket, answer) = connect_async(request).await.unwrap();
    assert!(answer.headers().contains_key("x-request-id"));
    assert!(
        answer
            .headers()
            .get("set-cookie")
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("edge_affinity=")
    );
    let opened = socket.next().await.unwrap().unwrap();
    assert_eq!(opened.to_text().unwrap(), "/socket.io/?EIO=4&transport=websocket 7");
    for length in [1, 100, 70_000, 1 << 20] {
        let text = "z".repeat(length);
        socket.send(Message::text(text.clone())).await.unwrap();
        let echoed = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(echoed.to_text().unwrap() == text, "{length} bytes");
    }
    assert_eq!(edge.status().await["streams"], 1);
    socket.close(None).await.unwrap();
    eventually(PATIENCE, || async { edge.status().await["streams"] == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_admitted_like_anything_else() {
    let setup = Setup::new()
        .targets("NOTIFICATIONS", &[socket_origin().await])
        .edit(NO_PROBES.0, NO_PROBES.1);
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let url = format!(
        "ws://{}/notifications/socket.io/?EIO=4&transport=websocket",
        edge.public
    );
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert("cookie", "access_token=nonsense".parse().unwrap());
    let refused = connect_async(request).await.expect_err("the token is bad");
    assert!(refused.to_string().contains("401"), "{refused}");
    // Where no WebSocket is served, the wish to upgrade is not passed on.
    let (setup, _media) = setup.origin("MEDIA").await;
    let edge = setup.start().await;
    let client = edge
        .client()
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    let seen = client.get("/media/x").await.expect_status(200).json();
    assert!(seen["headers"]["upgrade"].is_null(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_stays_with_its_instance_until_that_is_gone() {
    let setup = Setup::new().edit("rate: 100/15m", "rate: 1000000/15m");
    let one = Origin::start("one", &setup.tokens).await;
    let two = Origin::start("two", &setup.tokens).await;
    let setup = setup.targets("NOTIFICATIONS", &[one.address, two.address]);
    let edge = setup.start().await;
    let path = "/notifications/socket.io/?EIO=4&transport=polling";

    let (mut instances, patience) = (BTreeSet::new(), Instant::now() + PATIENCE);
    // Who comes goes where it is quicker, and that is now here and now there.
    while instances.len() < 2 && Instant::now() < patience {
        let client = edge.client();
        let answer = client.get(path).await.expect_status(200);
        let cookie = answer.set_cookie("edge_affinity").unwrap().to_owned();
        for part in ["Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.split("; ").any(|found| found == part), "{cookie}");
        }
        let own = answer.json()["origin"].as_str().unwrap().to_owned();
        for _ in 0..3 {
            let answer = client.get(path).await.expect_status(200);
            assert_eq!(answer.json()["origin"], own.as_str());
            assert!(answer.set_cookie("edge_affinity").is_none(), "set once");
            assert!(
                answer.json()["headers"]["cookie"].is_null(),
                "the cookie is not the service's business"
            );
        }
        instances.insert(own);
    }
    assert_eq!(instances.len(), 2);

    // Another edge with the same key reads the cookie; a forged one counts for nothing.
    let client = edge.client();
    let own = client.get(path).await.json()["origin"].as_str().unwrap().to_owned();
    let cookie = format!("a=1; edge_affinity={}", client.cookie("edge_affinity").unwrap());
    let other = setup.start().await;
    for _ in 0..3 {
        let answer = other
            .client()
            .header("cookie", &cookie)
            .get(path)
            .await
            .expect_status(200);
        assert_eq!(
            (&answer.json()["origin"], &answer.json()["headers"]["cookie"]),
            (&own.as_str().into(), &["a=1"].into())
        );
    }
    let forged = edge
        .client()
        .header("cookie", "edge_affinity=00000000000000000000000000000000");
    assert!(
        forged
            .get(path)
            .await
            .expect_status(200)
            .set_cookie("edge_affinity")
            .is_some()
    );

    // Its instance dies: on to the other one, with a new cookie.
    let (dying, living) = if own == "one" { (one, "two") } else { (two, "one") };
    dying.stop().await;
    let answer = client.get(path).await.expect_status(200);
    assert_eq!(answer.json()["origin"], living);
    assert!(answer.set_cookie("edge_affinity").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_cookies_stays_with_the_instance_that_opened_its_session() {
    let one = engine_io_origin("one").await;
    let two = engine_io_origin("two").await;
    let setup = Setup::new().edit("rate: 100/15m", "rate: 1000000/15m");
    let setup = setup.targets("NOTIFICATIONS", &[one, two]);
    let edge = setup.start().await;
    let path = "/notifications/socket.io/?EIO=4&transport=polling";
    let (mut instances, patience) = (BTreeSet::new(), Instant::now() + PATIENCE);
    while instances.len() < 2 && Instant::now() < patience {
        let open = edge.client().get(path).await.expect_status(200).text();
        let own = open.split('"').nth(3).unwrap().to_owned();
        for _ in 0..4 {
            // A new client each time: no jar, no connection kept.
            let answer = edge.client().get(&format!("{path}&sid={own}")).await.expect_status(200);
            assert!(own.starts_with(&answer.text()), "{own} was sent to {}", answer.text());
        }
        instances.insert(own.split('-').next().unwrap().to_owned());
    }
    assert_eq!(instances.len(), 2, "sessions are spread all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_cookies_may_poll_whichever_edge_it_likes() {
    let (one, two) = (engine_io_origin("one").await, engine_io_origin("two").await);
    let setup = Setup::new().targets("NOTIFICATIONS", &[one, two]);
    let edges = [setup.start().await, setup.start().await, setup.start().await];
    let path = "/notifications/socket.io/?EIO=4&transport=polling";
    let mut instances = BTreeSet::new();
    for turn in 0..24 {
        let at = |number: usize| edges[(turn + number) % 3].client();
        let opened = at(0).get(path).await.expect_status(200).text();
        let session = opened.split('"').nth(3).unwrap();
        let (name, _) = session.split_once('-').unwrap();
        for number in 1..4 {
            let polled = at(number).get(&format!("{path}&sid={session}")).await;
            assert_eq!(polled.expect_status(200).text(), name);
            let said = at(number + 1).post(&format!("{path}&sid={session}")).await;
            assert_eq!(said.expect_status(200).text(), name);
        }
        instances.insert(name.to_owned());
    }
    assert_eq!(instances.len(), 2, "sessions are spread all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_instance_is_asked_for_a_session_that_died_with_its_own() {
    let (one, two) = (engine_io_origin("one").await, engine_io_origin("two").await);
    let setup = Setup::new().targets("NOTIFICATIONS", &[one, two]);
    let edge = setup.start().await;
    let path = "/notifications/socket.io/?EIO=4&transport=polling";
    let opened = edge.client().get(path).await.expect_status(200).text();
    let session = opened.split('"').nth(3).unwrap();
    let polls = format!("{path}&sid={session}");
    let own = if session.starts_with("one") { one } else { two };
    let disable = format!("/upstreams/notifications/targets/{own}/override");
    edge.ask(Method::PUT, &disable, json!({ "state": "disable" }))
        .await
        .expect_status(200);
    // With a cookie or without: a poll hears that the session is over, in the words of Engine.IO, and what is sent is refused.
    for client in [
        edge.client(),
        edge.client()
            .header("cookie", "edge_affinity=00000000000000000000000000000000"),
    ] {
        assert_eq!(client.get(&polls).await.expect_status(200).text(), "1");
        let refused = client.post(&polls).await.expect_status(503);
        assert_eq!(refused.problem().code.as_str(), "NO_TARGET");
    }
    let anew = edge.client().get(path).await.expect_status(200).text();
    assert!(!anew.contains(session.split('-').next().unwrap()), "{anew}");
    // One that nobody has heard of may be anybody's.
    let other = edge
        .client()
        .get(&format!("{path}&sid=unheard-of"))
        .await
        .expect_status(200);
    assert_eq!(other.text(), if own == one { "two" } else { "one" });
}

/// Opens sessions that bear its name, and answers its name.
pub(crate) async fn engine_io_origin(name: &'static str) -> SocketAddr {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let answer = move |uri: axum::http::Uri| async move {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match uri.query().is_some_and(|query| query.contains("sid=")) {
            true => name.to_owned(),
            false => format!("0{{\"sid\":\"{name}-{number}\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000}}"),
        }
    };
    shared_testkit::serve(axum::Router::new().fallback(answer)).await
}
