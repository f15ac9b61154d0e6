//! What is remembered of a store between commands: `<dir>/<store>/store.json`.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Context, Error, Result, ports, process::Process};

/// What was last asked of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// To run.
    Running,
    /// To be stopped.
    #[default]
    Stopped,
    /// To be killed.
    Killed,
}

/// One store's memory. Each store has its own file, so that stores can start side by side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Record {
    /// Its process, when one was started here.
    pub(crate) process: Option<Process>,
    /// What was last asked of it.
    pub(crate) wanted: Wanted,
    /// Whether a container engine runs it.
    pub(crate) docker: bool,
    /// Its ports by purpose.
    pub(crate) ports: BTreeMap<String, u16>,
    /// Where its data is, when it cannot be below the state directory.
    pub(crate) elsewhere: Option<PathBuf>,
    /// Its password.
    pub(crate) password: Option<String>,
    /// RabbitMQ's node name, which its data carries.
    pub(crate) node: Option<String>,
}

impl Record {
    /// Reads it; a store that never ran has an empty one.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let file = dir.join("store.json");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::new(format!("cannot read {}: {error}", file.display()))),
        };
        serde_json::from_str(&text)
            .map_err(|error| Error::new(format!("{} is damaged: {error}", file.display())).cure("cargo dev reset"))
    }

    /// Writes it whole or not at all.
    pub(crate) fn save(&self, dir: &Path) -> Result<()> {
        let file = dir.join("store.json");
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::new(error.to_string()))?;
        write_private(&file, &text)
    }

    /// The port for a purpose: the one used last when it is free, else a new one. Sorted out before each start.
    pub(crate) fn settle_port(&mut self, purpose: &str) -> Result<u16> {
        if let Some(port) = self
            .ports
            .get(purpose)
            .copied()
            .filter(|port| ports::is_free_on_loopback(*port))
        {
            return Ok(port);
        }
        let port = ports::free()?;
        self.ports.insert(purpose.to_owned(), port);
        Ok(port)
    }

    /// The port for a purpose, once settled.
    pub(crate) fn port(&self, purpose: &str) -> Option<u16> {
        self.ports.get(purpose).copied()
    }
}

/// Replaces a file by one that only its owner can read.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        out.write_all(text.as_bytes())?;
        fs::rename(&new, file)
    };
    write().context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_kept_until_somebody_else_takes_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut record = Record::load(dir.path()).unwrap();
        let first = record.settle_port("sql").unwrap();
        record.save(dir.path()).unwrap();
        let mut again = Record::load(dir.path()).unwrap();
        assert_eq!(again.settle_port("sql").unwrap(), first);
        let _taken = TcpListener::bind(("127.0.0.1", first)).unwrap();
        assert_ne!(again.settle_port("sql").unwrap(), first);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("store.json"), "{").unwrap();
        assert!(
            Record::load(dir.path())
                .unwrap_err()
                .to_string()
                .contains("store.json is damaged")
        );
    }
}
