//! The edge as its clients meet it: the real process on free ports with the shipped configuration, a real Redis, and
//! small origins that tell what they saw.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod bodies;
mod check;
mod compression;
mod diff;
mod discovery;
mod explain;
mod explained;
mod failover;
mod fallback;
mod faults;
mod faulty;
mod front;
mod graphql;
mod handover;
mod headers;
mod hedges;
mod identity;
mod lasting;
mod leases;
mod leaving;
mod lifecycle;
mod name_server;
mod origins;
mod overload;
mod overrides;
mod parting;
mod quotas;
mod reload;
mod revocations;
mod rings;
mod routing;
mod sockets;
mod steady;
mod store_trouble;
mod storm;
mod streams;
mod subsets;
mod support;
mod tls;
mod tokens;
mod torn;
mod traffic;
mod tunnels;
