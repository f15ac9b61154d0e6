//! A socket's beginning: refuse or admit, then listen.

use super::{Adapter, Door, SocketUser, commands, rooms};
use serde_json::Value;
use shared_contracts::Code;
use socketioxide::extract::{MaybeExtension, SocketRef, State, TryData};
use std::{
    future::{Ready, ready},
    sync::Arc,
};

/// Runs before the client is told that it is connected, so that its first event finds a listener.
///
/// # Errors
/// The code; clients read it as the `message` of `connect_error`.
pub(super) async fn admit(
    socket: SocketRef<Adapter>,
    State(door): State<Arc<Door>>,
    handshake: TryData<Value>,
) -> Result<(), Code> {
    let handshake = handshake.0.unwrap_or_default();
    let shown = handshake
        .get("token")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty());
    let user = door.identify(&socket.req_parts().headers, shown).await;
    let user = user.inspect_err(|code| tracing::debug!(%code, socket = %socket.id, "handshake refused"))?;
    tracing::debug!(socket = %socket.id, user = user.as_ref().map(|user| user.id), "socket admitted");
    if let Some(user) = &user {
        socket.join([rooms::own(user.id), rooms::session(&user.session)]);
        socket.extensions.insert(user.clone());
    }
    commands::register(&socket, user);
    Ok(())
}

/// Runs once the socket can be found. A session that ended while it was being admitted was not found then.
pub(super) fn admitted(
    socket: SocketRef<Adapter>,
    State(door): State<Arc<Door>>,
    MaybeExtension(user): MaybeExtension<SocketUser>,
) -> Ready<()> {
    if user.is_some_and(|user| door.has_ended(&user))
        && let Err(error) = socket.disconnect()
    {
        tracing::debug!(%error, "a socket was gone before it was disconnected");
    }
    ready(())
}
