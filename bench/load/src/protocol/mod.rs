//! How the generator speaks: HTTP/1.1, HTTP/2 and TLS on hyper's connection level, one client at a time. There is no pool, no
//! redirect, no cookie, no retry of anything that may have reached the target: what is measured is what was asked for.

pub mod connect;
pub mod engine_io;
#[cfg(test)]
mod fixture;
pub mod http;
pub mod multipart;
pub mod socket_io;
pub mod sse;
mod tls;
pub mod websocket;

pub use connect::{Connector, ConnectorError, Options, Stream, Target, Trust, Version};
pub use http::{Answer, Body, Connection, Streaming};
