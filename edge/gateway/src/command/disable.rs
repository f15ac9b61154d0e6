//! `edge disable`: nobody at all to a target.

use super::{
    Failure,
    target::{Hold, Named},
};
use serde_json::json;

/// `edge disable`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Named,
    #[command(flatten)]
    hold: Hold,
}

/// Disables it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.target.set(&arguments.hold.on(json!({ "state": "disable" })))
}
