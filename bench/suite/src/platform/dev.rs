//! `cargo dev`, called as a person would: it knows how to bring the platform up and where everything then is.

use crate::system::{cpus::Cpus, place};
use serde::Deserialize;
use shared_stack::{Context, Error, Result};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// `cargo dev` for one platform.
#[derive(Debug, Clone)]
pub(super) struct Dev {
    root: PathBuf,
    /// The platform's directory; `None`: the checkout's own.
    state: Option<PathBuf>,
}

/// What `cargo dev status --json` says, as far as it is read here.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    /// The six programs, an entry an instance.
    pub(super) programs: Vec<Line>,
    /// The three stores.
    pub(super) stores: Vec<Line>,
}

/// One process.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    /// `posts.1`, `redis`.
    pub(super) name: String,
    /// `None` where it does not run, or is not ours.
    pub(super) pid: Option<u32>,
}

impl Dev {
    /// For the platform in `state`, which takes free ports and nothing from `.env`; for the checkout's own without.
    pub(super) fn new(root: &Path, state: Option<&Path>) -> Self {
        Self {
            root: root.to_owned(),
            state: state.map(Path::to_owned),
        }
    }

    /// Makes the directory a platform's, one that ignores `.env`: what is filled with data must not be a person's own.
    pub(super) fn prepare(&self) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        self.status()?;
        let file = state.join("state.json");
        fs::write(&file, r#"{"hermetic":true}"#).context(|| format!("cannot write {}", file.display()))
    }

    /// Runs a command that a person may watch: what it says goes to standard error, for standard output is the
    /// report's. What it starts runs on `cpus`.
    pub(super) fn run(&self, words: &[&str], cpus: Option<&Cpus>) -> Result<()> {
        let run = || {
            if let Some(cpus) = cpus {
                cpus.bind_this_thread();
            }
            self.command(words).stdout(io::stderr()).status()
        };
        // A child inherits the processors of the thread that starts it.
        let ran = thread::scope(|scope| scope.spawn(run).join());
        let ran = ran.unwrap_or_else(|_| Err(io::Error::other("its thread failed")));
        if ran.context(|| "cannot run cargo".to_owned())?.success() {
            return Ok(());
        }
        Err(Error::new(format!("`{}` failed; it says why above", self.line(words))))
    }

    /// The platform's addresses by the names of their variables: `EDGE_URL`, `DATABASE_URL_POSTS`, …
    pub(super) fn addresses(&self) -> Result<BTreeMap<String, String>> {
        let output = self.command(&["env"]).output();
        let output = output.context(|| "cannot run cargo".to_owned())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!("`{}` failed: {}", self.line(&["env"]), said.trim())));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(exported).collect())
    }

    /// What runs.
    pub(super) fn status(&self) -> Result<Status> {
        // Its exit code tells readiness, which the answer tells too.
        let output = self.command(&["status", "--json"]).output();
        let output = output.context(|| "cannot run cargo".to_owned())?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = self.line(&["status", "--json"]);
            Error::new(format!("`{line}` gave no status ({error}): {}", said.trim()))
        })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = place::cargo(&self.root);
        command.stdin(Stdio::null());
        command.arg("dev");
        if let Some(state) = &self.state {
            command.arg("--state").arg(state).arg("--free-ports");
        }
        command.args(words);
        command
    }

    fn line(&self, words: &[&str]) -> String {
        match &self.state {
            Some(state) => format!("cargo dev --state {} {}", state.display(), words.join(" ")),
            None => format!("cargo dev {}", words.join(" ")),
        }
    }
}

/// A line of `cargo dev env`: `export EDGE_URL='http://127.0.0.1:20001'`.
fn exported(line: &str) -> Option<(String, String)> {
    let (name, quoted) = line.strip_prefix("export ")?.split_once('=')?;
    let value = quoted.strip_prefix('\'')?.strip_suffix('\'')?.replace(r"'\''", "'");
    Some((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_out_of_shell_quotes() {
        let read = exported(r"export EDGE_URL='http://x'").unwrap();
        assert_eq!(read, ("EDGE_URL".to_owned(), "http://x".to_owned()));
        assert_eq!(exported(r"export A='b'\''c'").unwrap().1, "b'c");
        assert_eq!(exported("warning: something"), None);
    }

    #[test]
    fn a_status_is_read_with_and_without_pids() {
        let text = r#"{"up":true,"ready":false,"programs":[{"name":"edge.1","state":"ready","pid":7}],
                       "stores":[{"name":"redis","state":"external","pid":null}]}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!((status.programs[0].pid, status.stores[0].pid), (Some(7), None));
    }
}
