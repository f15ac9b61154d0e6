//! What is revoked ends at once, also what is open: on every edge, by session, token or user, pushed or found in the snapshot.

use crate::{
    sockets,
    streams::{NO_PROBES, socket_origin},
    support::{COMMENTS, Edge, PATIENCE, Setup},
};
use futures::{SinkExt, StreamExt};
use shared_contracts::{
    claims::Claims,
    revocation::{REVOKED_CHANNEL, Revocation},
};
use shared_redis::Redis;
use shared_testkit::{Client, FaultProxy, TestTokens, eventually};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

const AT_ONCE: Duration = Duration::from_secs(1);

/// Events without end: one, and then silence.
async fn silent_events() -> SocketAddr {
    sockets::origin(|_, mut stream| async move {
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
                      d\r\ndata: first\n\n\r\n";
        if stream.write_all(answer.as_bytes()).await.is_ok() {
            let _ = stream.read(&mut [0]).await;
        }
    })
    .await
}

async fn setup() -> Setup {
    let setup = Setup::new()
        .targets("NOTIFICATIONS", &[socket_origin().await])
        .targets("COMMENTS", &[silent_events().await])
        .edit(NO_PROBES.0, NO_PROBES.1);
    let probes = COMMENTS;
    setup.edit(probes, "targets: \"${COMMENTS_TARGETS:-127.0.0.1:3004}\"")
}

/// What one has open on an edge.
struct Open {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    events: TcpStream,
}

impl Open {
    async fn new(edge: &Edge, token: &str) -> Self {
        let url = format!("ws://{}{}", edge.public, sockets::PATH);
        let mut request = url.into_client_request().unwrap();
        let cookie = format!("access_token={token}").parse().unwrap();
        request.headers_mut().insert("cookie", cookie);
        let (mut socket, _) = connect_async(request).await.unwrap();
        socket.next().await.unwrap().unwrap();
        let mut events = TcpStream::connect(edge.public).await.unwrap();
        let head = format!(
            "GET /api/sse/comments/1 HTTP/1.1\r\nhost: feed.example\r\naccept: text/event-stream\r\n\
             authorization: Bearer {token}\r\n\r\n"
        );
        events.write_all(head.as_bytes()).await.unwrap();
        let mut heard = String::new();
        while !heard.contains("data: first") {
            let mut bytes = [0; 1024];
            let count = timeout(PATIENCE, events.read(&mut bytes)).await.unwrap().unwrap();
            assert!(count > 0, "{heard}");
            heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        assert!(heard.starts_with("HTTP/1.1 200 "), "{heard}");
        Self { socket, events }
    }

    /// Both are ended in good order by then: a close frame with the reason, and the last chunk.
    async fn ends(&mut self, by: Instant, reason: &str) {
        let last = tokio::time::timeout_at(by.into(), self.socket.next())
            .await
            .expect("in time");
        let Some(Ok(Message::Close(Some(close)))) = last else {
            panic!("{last:?}")
        };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, reason));
        let mut rest = String::new();
        let read = tokio::time::timeout_at(by.into(), self.events.read_to_string(&mut rest));
        read.await.expect("in time").unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
    }

    /// Both go on.
    async fn stays(&mut self) {
        self.socket.send(Message::text("ping")).await.unwrap();
        let echoed = timeout(PATIENCE, self.socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(echoed, Message::text("ping"));
        let read = timeout(Duration::from_millis(20), self.events.read(&mut [0])).await;
        assert!(read.is_err(), "{read:?}");
    }
}

/// What auth does before it answers.
async fn revoke(redis: &Redis, revocation: &Revocation) {
    let (key, value) = revocation.entry();
    redis.set_text(&key, &value, Duration::from_secs(900)).await.unwrap();
    redis.publish(REVOKED_CHANNEL, &revocation.json()).await.unwrap();
}

async fn is_refused(edge: &Edge, token: &str) -> bool {
    let client = Client::new(edge.public).header("authorization", &format!("Bearer {token}"));
    let answer = client.get("/api/notifications/x").await;
    answer.status == 401 && answer.problem().code.as_str() == "TOKEN_REVOKED"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_what_its_user_has_open_on_every_edge_and_nothing_else() {
    let (setup, _auth) = setup().await.origin("AUTH").await;
    let edges = [setup.start().await, setup.start().await, setup.start().await];
    let redis = setup.redis.redis(0);
    type Kind = fn(&Claims) -> Revocation;
    let kinds: [Kind; 3] = [
        |claims| Revocation::session(&claims.sid, claims.exp),
        |claims| Revocation::token(&claims.jti, claims.exp),
        |claims| Revocation::user(&claims.sub, claims.iat + 1, claims.exp),
    ];
    for edge in &edges {
        edge.knows_issuer().await;
    }
    let neighbour = setup.tokens.token(8, "bob");
    let mut staying = Vec::new();
    for edge in &edges {
        staying.push(Open::new(edge, &neighbour).await);
    }
    for (user, kind) in (100..).zip(kinds) {
        let claims = TestTokens::claims(user, "ann");
        let token = setup.tokens.sign(&claims);
        let mut open = Vec::new();
        for edge in &edges {
            open.push(Open::new(edge, &token).await);
        }
        let by = Instant::now() + AT_ONCE;
        revoke(&redis, &kind(&claims)).await;
        for one in &mut open {
            one.ends(by, "TOKEN_REVOKED").await;
        }
        for edge in &edges {
            assert!(is_refused(edge, &token).await);
        }
    }
    for one in &mut staying {
        one.stays().await;
    }
    for edge in &edges {
        // The neighbour's two, and nothing that has ended is held any more.
        eventually(PATIENCE, || async { edge.status().await["streams"] == 2 }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_while_redis_was_away_ends_when_it_is_back() {
    let setup = setup().await;
    let redis = FaultProxy::new(setup.redis.url()).await;
    let setup = setup.redis_at(redis.url());
    // The issuer tells nothing either: it has keys and no list.
    let jwks = setup.tokens.jwks();
    let keys = axum::Router::new().route(
        "/.well-known/jwks.json",
        axum::routing::get(async move || ([("content-type", "application/json")], jwks)),
    );
    let setup = setup.targets("AUTH", &[shared_testkit::serve(keys).await]);
    let edges = [setup.start().await, setup.start().await];
    let claims = TestTokens::claims(7, "ann");
    let token = setup.tokens.sign(&claims);
    let mut open = Vec::new();
    for edge in &edges {
        edge.knows_issuer().await;
        open.push((
            Open::new(edge, &token).await,
            Open::new(edge, &setup.tokens.token(8, "bob")).await,
        ));
    }
    redis.refuse();
    redis.disconnect();
    for edge in &edges {
        eventually(PATIENCE, || async {
            edge.status().await["revocations"] == "incomplete"
        })
        .await;
    }
    revoke(
        &setup.redis.redis(0),
        &Revocation::user("7", claims.iat + 1, claims.exp),
    )
    .await;
    for (one, other) in &mut open {
        one.stays().await;
        other.stays().await;
    }
    redis.resume();
    for edge in &edges {
        eventually(PATIENCE, || async { edge.status().await["revocations"] == "complete" }).await;
    }
    let by = Instant::now() + AT_ONCE;
    for (one, other) in &mut open {
        one.ends(by, "TOKEN_REVOKED").await;
        other.stays().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_lives_no_longer_than_its_token() {
    let (setup, _auth) = setup().await.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let mut claims = TestTokens::claims(7, "ann");
    // With the leeway of five seconds, two from now.
    claims.exp = claims.iat - 3;
    let mut open = Open::new(&edge, &setup.tokens.sign(&claims)).await;
    open.stays().await;
    open.ends(Instant::now() + Duration::from_secs(4), "TOKEN_EXPIRED")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_in_the_middle_of_a_frame_is_cut() {
    let half = sockets::echo("\u{1}\u{7e}half").await;
    let (setup, _auth) = setup().await.targets("NOTIFICATIONS", &[half]).origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let claims = TestTokens::claims(7, "ann");
    let cookie = format!("cookie: access_token={}\r\n", setup.tokens.sign(&claims));
    let (mut socket, _) = sockets::Socket::open(edge.public, &cookie).await;
    socket.hears("\u{1}\u{7e}half").await;
    revoke(&setup.redis.redis(0), &Revocation::session(&claims.sid, claims.exp)).await;
    let rest = timeout(AT_ONCE * 2, socket.rest()).await.expect("in time");
    assert_eq!(rest, "", "nothing is put into a frame");
}
