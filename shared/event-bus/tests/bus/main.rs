//! The bus on a real database and a real RabbitMQ.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod consumer;
mod faults;
mod relay;
mod schema;
mod support;
