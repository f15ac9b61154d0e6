//! The service on real stores, spoken to as clients, the edge and other services do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod connect;
mod events;
mod inbox;
mod instances;
mod mentions;
mod migrations;
mod sessions;
mod subscribe;
mod support;
