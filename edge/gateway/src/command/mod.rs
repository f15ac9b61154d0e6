//! The commands of `edge`, one a file. All but `run`, `check` and `schema` are clients of a running edge's admin listener;
//! `explain` may do without one.

pub(crate) mod breaker;
pub(crate) mod cache;
pub(crate) mod check;
mod client;
pub(crate) mod diff;
pub(crate) mod disable;
pub(crate) mod drain;
pub(crate) mod enable;
pub(crate) mod explain;
pub(crate) mod generations;
pub(crate) mod overrides;
mod place;
pub(crate) mod reload;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod status;
mod target;
mod told;
pub(crate) mod undrain;
pub(crate) mod upgrade;
pub(crate) mod weight;

pub(crate) use place::Asked;

use edge_config::Diagnostic;
use std::{
    io::{Write, stderr, stdout},
    path::Path,
    process::ExitCode,
};

/// Where the configuration is looked for.
const DEFAULT_CONFIG: &str = "conf/edge.yaml";

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was asked for, and refused.
    #[error("{0}")]
    Refused(String),
    /// There was nobody to ask, or no way to.
    #[error("{0}")]
    Unreachable(String),
    /// It has said itself what is wrong; the process's exit code alone is left to tell.
    #[error("")]
    Told(u8),
}

impl Failure {
    /// The process's exit code.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::FAILURE,
            Self::Unreachable(_) => ExitCode::from(2),
            Self::Told(code) => ExitCode::from(*code),
        }
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints a line of a command's answer.
fn say(line: &str) {
    print(&format!("{line}\n"));
}

/// Prints a whole text.
fn print(text: &str) {
    // A reader that has gone wants no more.
    let _ = write!(stdout(), "{text}");
}

/// Says why a command cannot do what it is told.
fn complain(text: &str) {
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(stderr(), "{text}");
}

/// A configuration that cannot be used.
fn unusable(file: &Path, mistakes: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let text = format!("{}\nedge: {} cannot be used", lines.join("\n"), file.display());
    Failure::Refused(text)
}
