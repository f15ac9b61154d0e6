//! `edge weight`: another share for a target.

use super::{
    Failure,
    target::{Hold, Named},
};
use serde_json::json;

/// `edge weight`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Named,
    /// The share, 1 to 100. To take a target out, `edge drain` it.
    weight: u32,
    #[command(flatten)]
    hold: Hold,
}

/// Sets the share.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let wish = json!({ "state": "weight", "weight": arguments.weight });
    arguments.target.set(&arguments.hold.on(wish))
}
