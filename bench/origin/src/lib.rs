//! The upstream that benchmarked proxies stand in front of: small and large answers, streams, sockets, and faults on
//! demand.
//!
//! It is lean, so that a proxy and not its upstream is what a benchmark measures: a thread is one single-threaded
//! runtime with a listener of its own (`SO_REUSEPORT`), and a request of the fast path takes no lock and no allocation
//! beside its answer. HTTP/1.1 and h2c (prior knowledge) share the port.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | [`SMALL`], 60 bytes of JSON |
//! | `GET /nonce/{x}` | `{"nonce":"x"}` |
//! | `GET /json?n=N` | `{"items":[{"id":1,…},…],"count":N}` |
//! | `GET /bytes/{n}` | n bytes; the one at position p is p modulo 251 |
//! | `GET /user` | `{"user":"…","token":true}`: the `x-user-id` that arrived or null, and whether a service token did |
//! | `POST /echo` | the request's body |
//! | `POST /sink` | `{"bytes":n}`: how long the request's body was |
//! | `GET /delay/{ms}` | [`SMALL`], later |
//! | `GET /sse?n=N&every=MS` | N server-sent events (0: endless), `{"n":1,"at_us":<Unix time>}` each |
//! | `GET /hub` | server-sent events: `{"n":N}` at once, and each N that is said from then on |
//! | `POST /hub` | `{"said":N}`: the next N, said to all who listen |
//! | `GET /ws` | a WebSocket that echoes |
//! | `GET /.well-known/jwks.json` | the key set it was started with |
//! | `GET /internal/revocations` | none |
//! | `GET /health/ready` | 200 |
//! | `GET /stats` | [`Counts`] |
//!
//! Faults ([`Faults`]) are set by [`Origin::faults`] or over a listener of their own (`POST /faults?…`).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admin;
mod answer;
mod body;
mod faults;
mod hub;
mod query;
mod server;
mod socket;
mod stats;

pub use answer::{SMALL, items_text as items};
pub use body::{BLOCK, byte_at};
pub use faults::{Faults, Wrong};
pub use server::{Origin, Settings};
pub use stats::Counts;
