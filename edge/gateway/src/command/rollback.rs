//! `edge rollback`: back to an earlier configuration.

use super::{Failure, client::Client, place::Place, reload::show};

/// `edge rollback`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The generation, as `edge generations` numbers it.
    generation: u64,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Asks for it, and says what became of it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = format!("/generations/{}/rollback", arguments.generation);
    let answer = Client::new(&arguments.place).ask("POST", &path, None)?;
    show(answer, arguments.json)
}
