//! One `up`, one `test` at a time.

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use shared_stack::{Context, Error, Result};

/// Held while something is at work, so that no second one is. `who` and `cure` are for the one who comes too late.
pub(crate) fn take(file: &Path, who: &str, cure: &str) -> Result<fs::File> {
    let opened = fs::OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(file);
    let mut opened = opened.context(|| format!("cannot open {}", file.display()))?;
    if opened.try_lock().is_err() {
        let mut holder = String::new();
        let _ = opened.read_to_string(&mut holder);
        return Err(Error::new(format!("another `{who}` (pid {}) is at work here", holder.trim())).cure(cure));
    }
    let note = opened
        .set_len(0)
        .and_then(|()| opened.seek(SeekFrom::Start(0)))
        .and_then(|_| write!(opened, "{}", std::process::id()));
    note.context(|| format!("cannot write {}", file.display()))?;
    Ok(opened)
}
