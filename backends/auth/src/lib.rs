//! The auth service: accounts, sessions, signing keys.
//!
//! A library as well as a program, so that its tests can run the whole service on a port of their own.

mod app;
mod config;
mod domain;
mod error;
mod http;
mod store;

pub use app::{App, DEFAULT_PORT, rotate_keys};
pub use config::{Command, Config, CookieSecure};
pub use error::StartError;
