//! `edge overrides`: what is set by hand.

use super::{Failure, client::Client, place::Asked, say, target::line, told::told};
use crate::overrides::Shown;

/// Lists them.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let mut body = Client::new(&asked.place).ask("GET", "/overrides", None)?.ok()?;
    if asked.json {
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
