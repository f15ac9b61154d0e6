//! Against socketioxide, the server that the notifications service stands on.

use super::*;
use crate::protocol::{engine_io::Transports, fixture};
use axum::Router;
use serde_json::json;
use socketioxide::{
    SocketIo as Server, TransportType,
    extract::{AckSender, SocketRef, State, TryData},
    handler::ConnectHandler,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const ALL: [Transports; 3] = [Transports::Upgrade, Transports::Polling, Transports::WebSocket];

type Told = Arc<UnboundedSender<Value>>;

/// A server on `/here/socket.io`, and what clients told it. The namespace `/` admits everyone but who shows a bad token.
async fn start(ping_interval: Duration) -> (Connector, Server, UnboundedReceiver<Value>) {
    let (told, heard) = unbounded_channel();
    let (layer, server) = Server::builder()
        .req_path("/here/socket.io")
        .max_buffer_size(1024)
        .ping_interval(ping_interval)
        .ping_timeout(Duration::from_secs(60))
        .with_state(Told::new(told))
        .build_layer();
    server.ns("/", welcome.with(admit));
    server.ns("/admin", welcome);
    (fixture::serve(Router::new().layer(layer)).await, server, heard)
}

async fn server() -> (Connector, Server, UnboundedReceiver<Value>) {
    // No ping ever wakes a client that waits wrongly.
    start(Duration::from_secs(3600)).await
}

async fn admit(_socket: SocketRef, auth: TryData<Value>) -> Result<(), &'static str> {
    match auth.0.unwrap_or_default()["token"] == "bad" {
        true => Err("TOKEN_INVALID"),
        false => Ok(()),
    }
}

async fn welcome(socket: SocketRef, auth: TryData<Value>) {
    socket.emit("welcome", &auth.0.unwrap_or_default()).unwrap();
    socket.on("echo", async |data: TryData<Value>, ack: AckSender| {
        ack.send(&json!({"ok": true, "was": data.0.unwrap()})).unwrap();
    });
    socket.on("silence", async || ());
    socket.on("transport", async |transport: TransportType, ack: AckSender| {
        ack.send(if transport == TransportType::Websocket {
            "websocket"
        } else {
            "polling"
        })
        .unwrap();
    });
    socket.on("many", async |socket: SocketRef, TryData(count): TryData<u64>| {
        for number in 0..count.unwrap() {
            socket.emit("number", &number).unwrap();
        }
    });
    socket.on("tell", async |State(told): State<Told>, data: TryData<Value>| {
        told.send(data.0.unwrap()).unwrap();
    });
    socket.on("binary", async |socket: SocketRef| {
        socket.emit("b", &bytes::Bytes::from_static(b"\x01\x02")).unwrap();
    });
    socket.on("kick", async |socket: SocketRef| socket.disconnect().unwrap());
    socket.on("ask", async |socket: SocketRef, State(told): State<Told>| {
        let answer = socket
            .emit_with_ack::<_, Value>("question", &json!("how?"))
            .unwrap()
            .await
            .unwrap();
        told.send(answer).unwrap();
    });
}

fn options(transports: Transports) -> Options {
    let mut options = Options::default();
    options.engine.path = "/here/socket.io".into();
    options.engine.transports = transports;
    options
}

async fn connect(connector: &Connector, transports: Transports) -> SocketIo {
    let options = Options {
        auth: Some(json!({"token": "good"})),
        ..options(transports)
    };
    let mut client = SocketIo::connect(connector, options).await.unwrap();
    let welcome = client.next().await.unwrap();
    assert_eq!(
        (welcome.name.as_str(), &welcome.args[..]),
        ("welcome", &[json!({"token": "good"})][..])
    );
    client
}

#[tokio::test]
async fn events_and_acknowledgements_on_every_transport() {
    let (connector, _server, mut heard) = server().await;
    for transports in ALL {
        let mut client = connect(&connector, transports).await;
        let before = Instant::now();
        let ack = client
            .emit_with_ack("echo", vec![json!({"text": "grüß\u{1e}dich"})])
            .await
            .unwrap();
        assert_eq!(ack.args, [json!({"ok": true, "was": {"text": "grüß\u{1e}dich"}})]);
        assert!((before..=Instant::now()).contains(&ack.at));
        client.emit("tell", vec![json!([1, 2])]).await.unwrap();
        assert_eq!(heard.recv().await, Some(json!([1, 2])));
        client.emit("ask", vec![]).await.unwrap();
        let question = client.next().await.unwrap();
        assert_eq!(
            (question.name.as_str(), &question.args[..]),
            ("question", &[json!("how?")][..])
        );
        client
            .acknowledge(question.id.unwrap(), vec![json!("so")])
            .await
            .unwrap();
        assert_eq!(heard.recv().await, Some(json!("so")));
        client.disconnect().await.unwrap();
    }
}

#[tokio::test]
async fn the_upgrade_happens_once_and_loses_nothing() {
    let (connector, _server, _) = server().await;
    let mut client = connect(&connector, Transports::Upgrade).await;
    client.emit("many", vec![json!(200)]).await.unwrap();
    client.upgraded().await.unwrap();
    client.emit("many", vec![json!(200)]).await.unwrap();
    for number in (0..200).chain(0..200) {
        assert_eq!(client.next().await.unwrap().args, [json!(number)]);
    }
    assert_eq!(client.engine().transport(), "websocket");
    assert_eq!(
        client.emit_with_ack("transport", vec![]).await.unwrap().args,
        ["websocket"]
    );
    client.upgraded().await.unwrap();
    client.disconnect().await.unwrap();
}

#[tokio::test]
async fn polling_stays_polling() {
    let (connector, _server, _) = server().await;
    let mut client = connect(&connector, Transports::Polling).await;
    assert_eq!(
        client.emit_with_ack("transport", vec![]).await.unwrap().args,
        ["polling"]
    );
    assert_eq!(client.upgraded().await.unwrap_err().kind, "protocol");
}

#[tokio::test]
async fn namespaces_are_entered_by_name() {
    let (connector, server, _) = server().await;
    for transports in ALL {
        let admin = Options {
            namespace: "/admin".into(),
            ..options(transports)
        };
        let mut client = SocketIo::connect(&connector, admin).await.unwrap();
        assert_eq!(client.next().await.unwrap().name, "welcome");
        assert_eq!(server.of("/admin").unwrap().sockets().len(), 1);
        assert_eq!(server.of("/admin").unwrap().sockets()[0].id.to_string(), client.sid());
        assert!(server.of("/").unwrap().sockets().is_empty());
        assert_eq!(
            client.emit_with_ack("echo", vec![json!(1)]).await.unwrap().args[0]["was"],
            1
        );
        client.disconnect().await.unwrap();
        while !server.of("/admin").unwrap().sockets().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn who_is_not_let_in_learns_why() {
    let (connector, _server, _) = server().await;
    for transports in ALL {
        let bad = Options {
            auth: Some(json!({"token": "bad"})),
            ..options(transports)
        };
        let refused = SocketIo::connect(&connector, bad).await.err().unwrap();
        assert_eq!(refused.kind, "connect");
        assert!(refused.detail.contains("TOKEN_INVALID"), "{refused}");
        let nowhere = Options {
            namespace: "/nowhere".into(),
            ..options(transports)
        };
        let refused = SocketIo::connect(&connector, nowhere).await.err().unwrap();
        assert!(
            refused.kind == "connect" && refused.detail.contains("/nowhere"),
            "{refused}"
        );
    }
    let mut elsewhere = options(Transports::Upgrade);
    elsewhere.engine.path = "/socket.io".into();
    let refused = SocketIo::connect(&connector, elsewhere).await.err().unwrap();
    assert!(refused.kind == "status" && refused.detail.contains("404"), "{refused}");
}

#[tokio::test]
async fn a_client_that_is_sent_away_is_over() {
    let (connector, _server, _) = server().await;
    for transports in ALL {
        let mut client = connect(&connector, transports).await;
        client.emit("kick", vec![]).await.unwrap();
        assert_eq!(client.next().await.unwrap_err().kind, "closed", "{transports:?}");
    }
}

#[tokio::test]
async fn heartbeats_are_answered_while_it_idles() {
    let (connector, server, _) = start(Duration::from_millis(30)).await;
    for transports in ALL {
        let mut client = connect(&connector, transports).await;
        while client.engine().pings() < 3 {
            client
                .idle_until(Instant::now() + Duration::from_millis(20))
                .await
                .unwrap();
        }
        server.of("/").unwrap().emit("news", &1).await.unwrap();
        assert_eq!(client.next().await.unwrap().name, "news");
        client.disconnect().await.unwrap();
    }
}

#[tokio::test]
async fn waiting_can_be_given_up() {
    let (connector, server, _) = server().await;
    for transports in ALL {
        let mut client = connect(&connector, transports).await;
        let moment = Duration::from_millis(1);
        let silence = client.emit_with_ack("silence", vec![]);
        assert!(tokio::time::timeout(Duration::from_millis(50), silence).await.is_err());
        for number in 0..30 {
            server.of("/").unwrap().emit("number", &number).await.unwrap();
            let _ = tokio::time::timeout(moment, client.emit_with_ack("echo", vec![json!(number)])).await;
        }
        let ack = client.emit_with_ack("echo", vec![json!("last")]).await.unwrap();
        assert_eq!(ack.args[0]["was"], "last", "answers to those given up are passed over");
        for number in 0..30 {
            assert_eq!(client.next().await.unwrap().args, [json!(number)]);
        }
        client.disconnect().await.unwrap();
    }
}

#[tokio::test]
async fn binary_attachments_are_refused_by_name() {
    let (connector, _server, _) = server().await;
    for transports in ALL {
        let mut client = connect(&connector, transports).await;
        client.emit("binary", vec![]).await.unwrap();
        let refused = client.next().await.unwrap_err();
        assert_eq!(refused.kind, "protocol");
        assert!(refused.detail.contains("binary"), "{refused}");
        assert_eq!(client.next().await.unwrap_err().kind, "protocol", "and it is over");
    }
}
