//! How often Redis carried out which command, by its own account.

use shared_stack::{Context, Error, Result};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);

/// Calls by command. What scripts call is counted as well as the scripts.
pub(crate) struct Commands(BTreeMap<String, u64>);

impl Commands {
    /// Asks the server (`INFO commandstats`).
    ///
    /// # Errors
    /// It does not answer, or with something else.
    pub(crate) fn read(server: SocketAddr) -> Result<Self> {
        let text = ask(server).context(|| format!("Redis at {server} does not tell its commands"))?;
        Ok(Self(parse(&text)))
    }

    /// What was called since, but for this very question.
    pub(crate) fn since(&self, before: &Self) -> BTreeMap<String, u64> {
        let calls = self.0.iter().map(|(name, calls)| {
            let earlier = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), calls - earlier)
        });
        calls.filter(|(name, calls)| name != "info" && *calls > 0).collect()
    }
}

fn ask(server: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"INFO commandstats\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    reader.read_line(&mut head)?;
    let length = head.trim_end().strip_prefix('$').and_then(|length| length.parse().ok());
    let length: usize = length.ok_or_else(|| std::io::Error::other(Error::new(head.clone())))?;
    let mut text = vec![0; length];
    reader.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn parse(text: &str) -> BTreeMap<String, u64> {
    let lines = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let (calls, _) = rest.split_once(',')?;
        Some((name.to_owned(), calls.parse().ok()?))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_and_subtracted() {
        let text = "# Commandstats\r\ncmdstat_get:calls=5,usec=9,usec_per_call=1.8\r\ncmdstat_info:calls=2,usec=1\r\n\
                    cmdstat_config|get:calls=1,usec=2\r\n";
        let before = Commands(parse(text));
        assert_eq!(before.0.len(), 3);
        let after = Commands(parse(
            &text.replace("calls=5", "calls=12").replace("calls=2", "calls=3"),
        ));
        assert_eq!(after.since(&before), BTreeMap::from([("get".to_owned(), 7)]));
    }
}
