//! The commands of `edge`, one a file.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod schema;

use std::io::{Write, stderr, stdout};

/// Where the configuration is looked for.
pub(crate) const DEFAULT_CONFIG: &str = "conf/edge.yaml";

/// Answers `${NAME}`.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints a command's answer.
fn say(text: &str) {
    // A reader that has gone wants no more.
    let _ = write!(stdout(), "{text}");
}

/// Says why a command could not do what it was told.
fn complain(text: &str) {
    let _ = writeln!(stderr(), "edge: {text}");
}
