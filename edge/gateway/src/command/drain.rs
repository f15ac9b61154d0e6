//! `edge drain`: nobody new to a target.

use super::{
    Failure,
    target::{Hold, Named},
};
use serde_json::json;

/// `edge drain`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Named,
    #[command(flatten)]
    hold: Hold,
}

/// Drains it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.target.set(&arguments.hold.on(json!({ "state": "drain" })))
}
