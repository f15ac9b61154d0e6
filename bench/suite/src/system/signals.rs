//! Ctrl-C and SIGTERM: everything that was started ends before this program does.

use super::process;
use shared_stack::{Context, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{sync::Once, thread};

/// From now on these signals first end what [`process`] started.
pub(crate) fn watch() -> Result<()> {
    static ONCE: Once = Once::new();
    let mut result = Ok(());
    ONCE.call_once(|| result = begin());
    result
}

fn begin() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context(|| "cannot watch for signals".to_owned())?;
    thread::spawn(move || {
        for signal in signals.forever() {
            process::end_all();
            // What the signal would have done in the first place: end this program.
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}
