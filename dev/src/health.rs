//! Whether a program answers that it can serve.

use std::time::{Duration, Instant};

use shared_stack::{
    Error, Result, probe,
    process::{Spawned, pause},
};

use crate::{platform::Platform, signals, state::Entry};

/// A first start makes tables and keys; a loaded two-core machine needs its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether it says now that it can serve.
pub(crate) fn is_ready(entry: &Entry) -> bool {
    probe::http_status(&entry.reachable("127.0.0.1"), entry.program.readiness()).is_ok_and(|status| status == 200)
}

/// Waits until it is ready.
///
/// # Errors
/// With its last log lines, when it ended or is not ready in time.
pub(crate) fn await_ready(platform: &Platform, entry: &Entry, spawned: Option<&Spawned>) -> Result<Duration> {
    let begun = Instant::now();
    let log = platform.log(&entry.name());
    let cure = || platform.command(&format!("logs {}", entry.name()));
    loop {
        if is_ready(entry) {
            return Ok(begun.elapsed());
        }
        if signals::asked_to_stop() {
            return Err(Error::new("interrupted"));
        }
        if let Some(ending) = spawned.and_then(Spawned::ending) {
            return Err(Error::new(format!("{} {ending} as it started", entry.name()))
                .log(log)
                .cure(cure()));
        }
        if begun.elapsed() > PATIENCE {
            let what = format!("{} is not ready after {} s", entry.name(), PATIENCE.as_secs());
            return Err(Error::new(what).log(log).cure(cure()));
        }
        pause(Duration::from_millis(50));
    }
}
