//! The audit file: one JSON object a line for each thing that an operator did, written before it is done.

use super::{Order, Subject};
use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// Who did it. The token itself is never written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    /// The first digits of the token's SHA-256.
    pub(crate) token: String,
    /// What it calls itself: `edge-cli/0.1.0`.
    pub(crate) agent: String,
    /// Where the request came from.
    pub(crate) remote: String,
}

/// Something that an operator did, or that came of it.
pub(crate) struct Event<'e> {
    /// `override`, `reset`, `expired`, `reload`, `rollback`, `purge`.
    pub(crate) action: &'static str,
    /// About what; none: about the configuration.
    pub(crate) subject: Option<&'e Subject>,
    /// How it was.
    pub(crate) before: Value,
    /// How it is to be.
    pub(crate) after: Value,
    /// For how long.
    pub(crate) ttl: Option<Duration>,
    /// Why.
    pub(crate) reason: Option<&'e str>,
    /// Who.
    pub(crate) who: &'e Who,
    /// The request; empty if there was none.
    pub(crate) request_id: &'e str,
}

impl<'e> Event<'e> {
    /// An override is over.
    pub(crate) fn end(
        action: &'static str,
        subject: &'e Subject,
        before: Order,
        who: &'e Who,
        request_id: &'e str,
    ) -> Self {
        Self {
            action,
            subject: Some(subject),
            before: before.to_json(),
            after: Order::Configured.to_json(),
            ttl: None,
            reason: None,
            who,
            request_id,
        }
    }

    fn to_line(&self) -> String {
        let mut line = json!({
            "time": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "action": self.action,
            "upstream": self.subject.map(Subject::upstream),
            "target": self.subject.and_then(Subject::address).map(|address| address.to_string()),
            "before": self.before,
            "after": self.after,
            "ttlSeconds": self.ttl.map(|ttl| ttl.as_secs()),
            "reason": self.reason,
            "who": self.who,
            "requestId": self.request_id,
        })
        .to_string();
        line.push('\n');
        line
    }
}

/// The file. It is opened for each line, so that it may be rotated.
pub(crate) struct Audit {
    file: PathBuf,
}

impl Audit {
    /// At this place.
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// Appends a line, and returns once it is on the disk. Blocks.
    ///
    /// # Errors
    /// It cannot be written; the error names the file.
    pub(crate) fn write(&self, event: &Event<'_>) -> io::Result<()> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.file.display()));
        self.append(event.to_line().as_bytes()).map_err(named)
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        make_room(&self.file)?;
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.file)?;
        // In one call, so that two edges with one file do not mix their lines.
        file.write_all(line)?;
        file.sync_data()
    }
}

/// Makes the directory that a file belongs into, for its owner alone.
pub(crate) fn make_room(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !fs::exists(parent)? => {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)
        }
        _ => Ok(()),
    }
}
