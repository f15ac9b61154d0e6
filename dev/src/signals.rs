//! Ctrl-C, SIGTERM and a closed terminal, counted: the first asks for an orderly end, the second for haste.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use shared_stack::{Context, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

static RECEIVED: AtomicUsize = AtomicUsize::new(0);

/// From now on these signals are counted instead of ending this process.
pub(crate) fn watch() -> Result<()> {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context(|| "cannot watch for signals".to_owned())?;
    thread::spawn(move || {
        for _ in signals.forever() {
            RECEIVED.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok(())
}

/// Whether we were asked to end.
pub(crate) fn asked_to_stop() -> bool {
    RECEIVED.load(Ordering::SeqCst) > 0
}

/// Whether we were asked again.
pub(crate) fn asked_to_hurry() -> bool {
    RECEIVED.load(Ordering::SeqCst) > 1
}
