//! Private PostgreSQL, Redis and RabbitMQ for one checkout: found, installed, started, probed and stopped.
//!
//! A [`Stack`] is a directory. Each store keeps its data, its ports and the identity of its process there, so that any
//! later process can find, stop or restart what an earlier one began. All listeners are on 127.0.0.1 and on ports of
//! their own; a system-wide daemon on a default port is neither used nor disturbed. Linux only: processes are
//! followed through `/proc`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod account;
pub mod docker;
mod error;
pub mod find;
pub mod install;
mod place;
pub mod ports;
mod postgres;
pub mod probe;
pub mod process;
mod rabbitmq;
mod record;
mod redis;
mod stack;
mod store;

pub use error::{Context, Error, Result, tail};
pub use record::Wanted;
pub use stack::{Cancel, Options, Stack, Started};
pub use store::{Condition, Store};
