//! The Socket.IO server and its bounds.

use super::{Adapter, Door, Live, connect, driver::RedisBus};
use shared_redis::Redis;
use socketioxide::{ParserConfig, SocketIo, handler::ConnectHandler, layer::SocketIoLayer};
use socketioxide_redis::{RedisAdapterConfig, RedisAdapterCtr};
use std::{sync::Arc, time::Duration};

/// The path of Engine.IO requests.
const PATH: &str = "/socket.io";
/// From one ping to the next. A client whose buffer is full by then is dropped.
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// Time for a client's answer; then it is dropped.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Time from the transport's opening to the Socket.IO handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest request or message of a client, bytes. What clients send is small; the largest is the handshake's token.
const MAX_PAYLOAD: usize = 64 << 10;
/// Messages that wait for one slow client.
const MAX_WAITING: usize = 128;

/// Answers `/socket.io` and hands other paths on.
pub type Layer = SocketIoLayer<Adapter>;

/// Makes the server. Redis may be away.
///
/// # Errors
/// When the adapter refuses its configuration.
pub async fn start(redis: Redis, door: Door) -> Result<(Layer, Live), Box<dyn std::error::Error + Send + Sync>> {
    let adapter = RedisAdapterConfig::new().with_prefix("notifications:socket.io");
    let parser = ParserConfig::common()
        .max_incoming_binary_buf_size(MAX_PAYLOAD)
        .max_incoming_binaries(1);
    let (layer, io) = SocketIo::builder()
        .req_path(PATH)
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .max_payload(MAX_PAYLOAD as u64)
        .ws_max_message_size(MAX_PAYLOAD)
        .ws_max_frame_size(MAX_PAYLOAD)
        .max_buffer_size(MAX_WAITING)
        .with_parser(parser)
        .with_state(Arc::new(door))
        .with_adapter::<Adapter>(RedisAdapterCtr::new_with_driver(RedisBus::new(redis), adapter))
        .build_layer();
    io.ns("/", connect::admitted.with(connect::admit))
        .await
        .map_err(|error| error.to_string())?;
    Ok((layer, Live::new(io)))
}
