//! Lines on the terminal. A closed pipe (`cargo dev status | head`) is no reason to fail.

use std::io::{IsTerminal, Write};

/// One or more lines for the person.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// One or more lines about something wrong.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// One step of a longer work: `build      six programs`. Cargo may be drawing a progress bar on the same line.
pub(crate) fn step(what: &str, text: &str) {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
    }
    say(&format!("  {what:<9} {text}"));
}
