//! Socket.IO: who connects, what they may subscribe to, what they are sent.
//!
//! Rooms: `user:<id>` and `post:<id>` are joined by subscribing. `self:<id>` and `session:<sid>` hold all sockets of a
//! user and of a session, whatever they subscribed to; clients cannot name them.

mod commands;
mod connect;
mod cors;
mod driver;
mod handshake;
mod live;
mod rooms;
mod server;

pub use cors::Cors;
pub use handshake::{Door, SocketUser};
pub use live::{Live, Outgoing};
pub use server::{Layer, start};

/// Sockets here and at the other instances, which are reached over Redis.
pub type Adapter = socketioxide_redis::CustomRedisAdapter<socketioxide::adapter::Emitter, driver::RedisBus>;
