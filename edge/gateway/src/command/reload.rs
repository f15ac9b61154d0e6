//! `edge reload`: reads the configuration again.

use super::{
    Failure,
    client::{Answer, Client},
    place::Asked,
    say,
    told::{outcome, told},
};
use crate::reload::{Outcome, Verdict};

/// Asks for it, and says what became of it.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let answer = Client::new(&asked.place).ask("POST", "/reload", None)?;
    show(answer, asked.json)
}

/// Says what became of a reload.
pub(super) fn show(answer: Answer, json: bool) -> Result<(), Failure> {
    let is_outcome = answer.status < 300 || answer.body["code"] == "CONFIG_REFUSED";
    if !is_outcome {
        answer.ok()?;
        return Ok(());
    }
    let refused = Failure::Refused("edge: the configuration is refused".to_owned());
    if json {
        say(&answer.body.to_string());
        return if answer.status < 300 { Ok(()) } else { Err(refused) };
    }
    let told: Outcome = told(answer.body)?;
    for line in outcome(&told) {
        say(&line);
    }
    if told.outcome == Verdict::Refused {
        Err(refused)
    } else {
        Ok(())
    }
}
