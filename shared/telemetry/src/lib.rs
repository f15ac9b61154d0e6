//! Logs, set up one way for every program.
//!
//! `RUST_LOG` filters (default: `info` and above), `LOG_FORMAT=json` writes one JSON object a line for collectors, anything else
//! writes text for people. Logs go to standard error, so that standard output stays free for a program's answer.

use tracing_subscriber::{EnvFilter, fmt};

/// What is logged where `RUST_LOG` does not say. lapin would write out each event that no queue wanted, whatever users
/// wrote into it; the event bus tells of it by kind and id.
const DEFAULT_FILTER: &str = "info,lapin::returned_messages=error";

/// Whether logs are JSON, one object a line.
pub fn is_json() -> bool {
    std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json")
}

/// Starts logging for the program `service`. Calling it twice is harmless: the first call wins.
pub fn init(service: &'static str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true);
    let started = if is_json() {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(false).try_init()
    };
    if started.is_ok() {
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    }
}
