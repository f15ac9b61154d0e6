//! The edge as its clients meet it: the real process on free ports with the shipped configuration, a real Redis, and
//! small origins that tell what they saw.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod bodies;
mod check;
mod diff;
mod explain;
mod explained;
mod failover;
mod faulty;
mod graphql;
mod headers;
mod identity;
mod lasting;
mod leases;
mod lifecycle;
mod origins;
mod overrides;
mod quotas;
mod reload;
mod routing;
mod sockets;
mod storm;
mod streams;
mod support;
mod traffic;
mod tunnels;
