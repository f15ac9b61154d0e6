//! The edge's decisions as pure functions and small state machines: no Pingora, no I/O, time is an argument.
//!
//! In the order a request meets them: [`proxy_protocol`], [`wire`], [`head`], [`path`], [`route`], [`client_ip`], [`forwarded`],
//! [`request_id`], [`cors`], [`attempts`], [`identity`], [`csrf`], [`rate_limit`], [`shed`], [`breaker`], [`balance`], [`rewrite`],
//! [`hedge`], [`retry`], [`outlier`], [`cache`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod attempts;
pub mod balance;
pub mod breaker;
mod buckets;
pub mod cache;
pub mod client_ip;
pub mod compression;
pub mod cors;
pub mod csrf;
pub mod forwarded;
pub mod head;
pub mod hedge;
pub mod identity;
pub mod outlier;
pub mod path;
pub mod proxy_protocol;
pub mod rate_limit;
pub mod request_id;
pub mod retry;
pub mod rewrite;
pub mod route;
mod shards;
pub mod shed;
pub mod window;
pub mod wire;
