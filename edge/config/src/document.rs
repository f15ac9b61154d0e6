//! Other documents that are written by the same rules.

use crate::{
    Env,
    check::Report,
    decode::decode,
    diagnose::{Diagnostic, Findings},
    interpolate::interpolate,
    tree::{Node, text_of},
};
use serde::Deserialize;
use std::path::Path;

/// Reads another kind of file by the same rules: interpolated, unknown keys refused, every mistake told at once with its
/// place. `skeleton` is the smallest file that has all required keys of the root: they stand in for those that cannot be
/// read, while the rest is looked at. `check` says what types cannot.
///
/// # Errors
/// Every mistake found, in the order of the file.
pub fn document<T: for<'de> Deserialize<'de>>(
    path: &Path,
    env: Env<'_>,
    skeleton: &str,
    check: impl FnOnce(&T, &mut Report<'_>),
) -> Result<T, Vec<Diagnostic>> {
    document_text(&text_of(path)?, path, env, skeleton, check)
}

/// The same for text at hand; `file` is only named in the diagnostics.
///
/// # Errors
/// Every mistake found, in the order of the file.
pub fn document_text<T: for<'de> Deserialize<'de>>(
    text: &str,
    file: &Path,
    env: Env<'_>,
    skeleton: &str,
    check: impl FnOnce(&T, &mut Report<'_>),
) -> Result<T, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let read = |findings: &mut Findings| {
        let mut tree = Node::parse(text, findings)?;
        interpolate(&mut tree, env, findings);
        let (found, pruned) = decode::<T>(&tree, skeleton, &[], findings);
        let found = found?;
        check(&found, &mut Report::new(&tree, &pruned, findings));
        Some(found)
    };
    match read(&mut findings) {
        Some(found) if !findings.has_errors() => Ok(found),
        _ => Err(findings.into_diagnostics(file)),
    }
}
