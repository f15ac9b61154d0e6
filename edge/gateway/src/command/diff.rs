//! `edge diff`: what a configuration would change of an edge that runs.

use super::{Failure, check, client::Client, complain, place::Place, say, target::line, told::told};
use crate::diff::{Difference, Verdict};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// `edge diff`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration; without one, the file of the edge that runs, as it is now.
    file: Option<PathBuf>,
    /// As JSON; docs/explain.md describes it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Exit codes; 0 where nothing differs.
const INVALID: u8 = 1;
const CHANGED: u8 = 2;
const NOT_COMPARED: u8 = 3;

/// Compares, and says what differs.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let difference = compare(arguments).map_err(|text| {
        complain(&text);
        Failure::Told(NOT_COMPARED)
    })?;
    if arguments.json {
        say(&serde_json::to_string_pretty(&difference).unwrap_or_default());
    } else {
        show(arguments, &difference);
    }
    match difference.verdict {
        Verdict::Same => Ok(()),
        Verdict::Changed => Err(Failure::Told(CHANGED)),
        Verdict::Invalid => Err(Failure::Told(INVALID)),
    }
}

fn compare(arguments: &Arguments) -> Result<Difference, String> {
    let body = match &arguments.file {
        None => Value::Object(serde_json::Map::new()),
        Some(file) => {
            let text = fs::read_to_string(file);
            let text = text.map_err(|error| format!("edge: {} cannot be read: {error}", file.display()))?;
            json!({ "text": text, "file": file })
        }
    };
    let answer = Client::new(&arguments.place).ask("POST", "/diff", Some(&body));
    let difference = answer.and_then(|answer| told(answer.ok()?));
    difference.map_err(|failure| failure.to_string())
}

fn show(arguments: &Arguments, difference: &Difference) {
    if difference.verdict == Verdict::Invalid {
        let all = difference.errors.iter().chain(&difference.warnings);
        check::tell(arguments.file.as_deref(), &all.cloned().collect::<Vec<_>>());
        return;
    }
    for warning in &difference.warnings {
        say(&warning.to_string());
    }
    say(&difference.to_string());
    for shown in &difference.overrides {
        say(&format!("set by hand: {}", line(shown)));
    }
}
