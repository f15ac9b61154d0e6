//! The words of a command line, taken one by one.

use std::collections::VecDeque;

use shared_stack::{Error, Result};

use super::{Command, Global, Request};
use crate::names::{Target, unknown};

/// The words not yet read. Global options and `--help` are taken out wherever they stand.
pub(super) struct Rest {
    pub(super) args: VecDeque<String>,
    pub(super) global: Global,
    pub(super) help: bool,
}

impl Rest {
    pub(super) fn request(self, command: Command) -> Request {
        Request {
            global: self.global,
            command,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<String>> {
        while let Some(word) = self.args.pop_front() {
            // `--name=value` is `--name value`.
            let word = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => {
                    self.args.push_front(value.to_owned());
                    name.to_owned()
                }
                _ => word,
            };
            match word.as_str() {
                "--state" => self.global.state = Some(self.value("--state")?.into()),
                "--free-ports" => self.global.free_ports = true,
                "--help" | "-h" => self.help = true,
                _ => return Ok(Some(word)),
            }
        }
        Ok(None)
    }

    pub(super) fn value(&mut self, option: &str) -> Result<String> {
        let value = self.args.pop_front().filter(|value| !value.is_empty());
        value.ok_or_else(|| Error::new(format!("{option} needs a value")))
    }

    /// Only these flags may follow; tells which did.
    pub(super) fn flags(&mut self, known: &[&str]) -> Result<Vec<bool>> {
        let mut given = vec![false; known.len()];
        while let Some(word) = self.next()? {
            let found = known.iter().position(|flag| *flag == word);
            given[found.ok_or_else(|| unknown("option", &word, known))?] = true;
        }
        Ok(given)
    }

    pub(super) fn nothing(&mut self, command: Command) -> Result<Command> {
        match self.next()? {
            None => Ok(command),
            Some(word) => Err(Error::new(format!("unexpected `{word}`"))),
        }
    }

    pub(super) fn targets(&mut self, command: &str) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        while let Some(word) = self.next()? {
            targets.push(word.parse()?);
        }
        if targets.is_empty() && !self.help {
            let error = Error::new(format!("`{command}` needs a name"));
            return Err(error.cure(format!(
                "cargo dev {command} posts, or one instance: cargo dev {command} comments.2"
            )));
        }
        Ok(targets)
    }
}
