//! `edge upgrade`: another process takes over.

use super::{Failure, client::Client, place::Asked, say};

/// Asks for it, and says who serves now.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let answer = Client::new(&asked.place).ask("POST", "/upgrade", None)?.ok()?;
    match asked.json {
        true => say(&answer.to_string()),
        false => say(&format!("process {} serves; the one before drains", answer["pid"])),
    }
    Ok(())
}
