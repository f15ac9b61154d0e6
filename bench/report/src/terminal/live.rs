//! The view while a run goes on.

use super::Snapshot;
use crate::units;
use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// Between two lines where nothing can be redrawn.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows how a run stands, on standard error: one line that is redrawn on a terminal, a line every five seconds elsewhere.
#[derive(Debug)]
pub struct Live {
    terminal: bool,
    shown: Option<Instant>,
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Live {
    /// A view of what standard error is.
    pub fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            shown: None,
        }
    }

    /// Shows it. Where standard error is gone nothing is shown.
    pub fn show(&mut self, snapshot: &Snapshot) {
        let text = line(snapshot);
        let _ = if self.terminal {
            self.shown = Some(Instant::now());
            write!(io::stderr(), "\r\x1b[2K{text}")
        } else if self.shown.is_none_or(|shown| shown.elapsed() >= PLAIN_EVERY) {
            self.shown = Some(Instant::now());
            writeln!(io::stderr(), "{text}")
        } else {
            Ok(())
        };
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.terminal && self.shown.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}

fn line(snapshot: &Snapshot) -> String {
    format!(
        "{:8} {} of {}  {}  p50 {}  p99 {}  {} under way  {} failed  {} dropped  CPU {}",
        snapshot.phase,
        units::clock(snapshot.elapsed_s),
        units::clock(snapshot.total_s),
        units::rate(snapshot.rate),
        units::time(snapshot.p50_us),
        units::time(snapshot.p99_us),
        units::count(snapshot.in_flight),
        units::count(snapshot.failed),
        units::count(snapshot.dropped),
        units::share(snapshot.cpu)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_it_stands() {
        let text = line(&Snapshot {
            phase: "measure".to_owned(),
            failed: 3,
            rate: 500.0,
            ..Snapshot::default()
        });
        assert!(
            text.starts_with("measure") && text.contains("500") && text.contains("3 failed"),
            "{text}"
        );
    }
}
