//! What clients send: `subscribe`, `unsubscribe`, `subscribe-post`, `unsubscribe-post`, each with one id.
//!
//! Each is acknowledged with `{ok: true}` or `{ok: false, code, message}` where the client asks for an acknowledgement.
//! The work is done before the handlers' futures begin: those run in any order, the calls in the order of arrival.

use super::{Adapter, SocketUser, rooms};
use serde::Serialize;
use serde_json::Value;
use shared_contracts::Code;
use shared_service::ApiError;
use socketioxide::extract::{AckSender, Event, SocketRef, TryData};
use std::future::ready;

/// An acknowledgement.
#[derive(Debug, Serialize)]
struct Reply {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

type Id = TryData<Value>;
type Ack = AckSender<Adapter>;
type Socket = SocketRef<Adapter>;

/// Makes `socket` listen to its client, who is `user`.
pub(super) fn register(socket: &Socket, user: Option<SocketUser>) {
    let (joining, leaving) = (user.clone(), user);
    socket.on("subscribe", move |socket: Socket, id: Id, ack: Ack| {
        acknowledge(
            ack,
            rooms::of_user(joining.as_ref(), &value(id)).and_then(|room| rooms::join(&socket, room)),
        );
        ready(())
    });
    socket.on("unsubscribe", move |socket: Socket, id: Id, ack: Ack| {
        acknowledge(
            ack,
            rooms::of_user(leaving.as_ref(), &value(id)).map(|room| socket.leave(room)),
        );
        ready(())
    });
    socket.on("subscribe-post", |socket: Socket, id: Id, ack: Ack| {
        acknowledge(
            ack,
            rooms::of_post(&value(id)).and_then(|room| rooms::join(&socket, room)),
        );
        ready(())
    });
    socket.on("unsubscribe-post", |socket: Socket, id: Id, ack: Ack| {
        acknowledge(ack, rooms::of_post(&value(id)).map(|room| socket.leave(room)));
        ready(())
    });
    socket.on_fallback(|Event(name): Event, ack: Ack| {
        let name: String = name.chars().take(64).collect();
        acknowledge(
            ack,
            Err(ApiError::new(Code::BadRequest, format!("There is no event {name}"))),
        );
        ready(())
    });
}

/// The first argument; what is missing or unreadable is `null`, which no command accepts.
fn value(id: Id) -> Value {
    id.0.unwrap_or(Value::Null)
}

fn acknowledge(ack: Ack, done: Result<(), ApiError>) {
    let reply = match done {
        Ok(()) => Reply {
            ok: true,
            code: None,
            message: None,
        },
        Err(error) => Reply {
            ok: false,
            code: Some(error.code),
            message: Some(error.detail),
        },
    };
    // Fails for a client that is gone or does not read; then nobody waits for it.
    if let Err(error) = ack.send(&reply) {
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}
