//! `edge generations`: the last configurations.

use super::{Failure, client::Client, place::Asked, say, told::told};
use crate::reload::GenerationShown;

/// Lists them, the newest first.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let mut body = Client::new(&asked.place).ask("GET", "/generations", None)?.ok()?;
    if asked.json {
        say(&body.to_string());
        return Ok(());
    }
    let all: Vec<GenerationShown> = told(body["generations"].take())?;
    for one in &all {
        let state = match (one.active, one.in_use) {
            (true, _) => "serves",
            (false, true) => "ends with its last request",
            (false, false) => "",
        };
        let at = one.at.format("%Y-%m-%d %H:%M:%S UTC");
        let line = format!("{:>4}  {at}  {:<8}  {state}", one.number, one.trigger.to_string());
        say(line.trim_end());
        for change in &one.changes {
            say(&format!("      {change}"));
        }
    }
    Ok(())
}
