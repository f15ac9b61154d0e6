//! `edge overrides`: what is set by hand.

use super::{Failure, client::Client, place::Place, say, target::line, told::told};
use crate::overrides::Shown;

/// `edge overrides`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Lists them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut body = Client::new(&arguments.place).ask("GET", "/overrides", None)?.ok()?;
    if arguments.json {
        say(&body.to_string());
        return Ok(());
    }
    let all: Vec<Shown> = told(body["overrides"].take())?;
    if all.is_empty() {
        say("everything is as configured");
    }
    for shown in &all {
        say(&line(shown));
    }
    Ok(())
}
