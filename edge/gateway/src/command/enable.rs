//! `edge enable`: a target as configured again.

use super::{Failure, target::Named};

/// `edge enable`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Named,
}

/// Takes the disable back.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.target.clear()
}
