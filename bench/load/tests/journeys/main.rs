//! Scenarios through the real generator, against small servers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod requests;
mod shipped;
mod sockets;
mod streams;
mod support;
