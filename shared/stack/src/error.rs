//! One error for a person at a terminal: what happened, where the log is, and one cure.

use std::{
    fmt, fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// A failure that a person can act on.
#[derive(Debug)]
pub struct Error {
    what: String,
    log: Option<PathBuf>,
    cure: Option<String>,
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What happened, as one sentence without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            log: None,
            cure: None,
        }
    }

    /// Adds the one thing to do about it.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Adds the log whose last lines explain it.
    #[must_use]
    pub fn log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(log) = &self.log {
            let lines = tail(log, 20);
            if !lines.is_empty() {
                write!(f, "\n  the last lines of {}:", log.display())?;
                for line in lines {
                    write!(f, "\n    {line}")?;
                }
            }
        }
        if let Some(cure) = &self.cure {
            write!(f, "\n  cure: {cure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Turns an [`io::Error`] into an [`Error`] that says what was being done.
pub trait Context<T> {
    /// `doing` reads like "cannot write /x/y".
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(format!("{}: {error}", doing())))
    }
}

/// The last `count` lines of a file; nothing when it cannot be read. Reads at most the last 64 KiB.
pub fn tail(path: &Path, count: usize) -> Vec<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
        let mut bytes = Vec::new();
        file.take(64 * 1024).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_last_log_lines_and_its_cure() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("x.log");
        let lines: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        fs::write(&log, lines.join("\n")).unwrap();
        let shown = Error::new("redis did not start")
            .log(&log)
            .cure("free some memory")
            .to_string();
        assert!(shown.starts_with("redis did not start\n"));
        assert!(!shown.contains("line 10\n") && shown.contains("line 11\n") && shown.contains("line 30\n"));
        assert!(shown.ends_with("cure: free some memory"));
    }

    #[test]
    fn a_missing_log_has_no_lines() {
        assert!(tail(Path::new("/nowhere/at/all"), 20).is_empty());
    }
}
