//! From a file to a checked configuration, or to another document that is written by the same rules.

use crate::{
    Config,
    check::{Report, check},
    decode::decode,
    diagnose::{At, Diagnostic, Findings, code},
    interpolate::interpolate,
    tree::Node,
};
use serde::Deserialize;
use std::path::Path;

/// Answers `${NAME}`.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads, interpolates and checks a file. `env` is usually `&|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        Self::parse(&text_of(path)?, path, env)
    }

    /// The same for text at hand; `file` is only named in the diagnostics.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        read(text, file, env, SKELETON, inherit, check)
    }
}

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
    read(text, file, env, skeleton, |_| {}, check)
}

/// Stands in for required sections that cannot be read, while the others are looked at. A file that needs it is refused.
const SKELETON: &str = "
version: 1
admin: { bind: '127.0.0.1:1' }
listeners: { http: { bind: '127.0.0.1:2' } }
redis: { url: 'redis://skeleton' }
upstreams: {}
routes: {}
";

fn text_of(path: &Path) -> Result<String, Vec<Diagnostic>> {
    std::fs::read_to_string(path).map_err(|error| {
        let mut findings = Findings::default();
        let message = format!("{} cannot be read: {error}", path.display());
        findings.add(code::SYNTAX, At::default(), message);
        findings.into_diagnostics(path)
    })
}

fn read<T: for<'de> Deserialize<'de>>(
    text: &str,
    file: &Path,
    env: Env<'_>,
    skeleton: &str,
    prepare: impl FnOnce(&mut Node),
    check: impl FnOnce(&T, &mut Report<'_>),
) -> Result<T, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let found = decoded(text, env, skeleton, prepare, check, &mut findings);
    match found {
        Some(found) if findings.is_empty() => Ok(found),
        _ => Err(findings.into_diagnostics(file)),
    }
}

fn decoded<T: for<'de> Deserialize<'de>>(
    text: &str,
    env: Env<'_>,
    skeleton: &str,
    prepare: impl FnOnce(&mut Node),
    check: impl FnOnce(&T, &mut Report<'_>),
    findings: &mut Findings,
) -> Option<T> {
    let mut tree = Node::parse(text, findings)?;
    interpolate(&mut tree, env, findings);
    prepare(&mut tree);
    let skeleton = Node::parse(skeleton, &mut Findings::default())?;
    let (found, pruned) = decode(&tree, &skeleton, findings);
    let found = found?;
    check(&found, &mut Report::new(&tree, &pruned, findings));
    Some(found)
}

/// Lays each route over `defaults`. The defaults go first, so that their own mistakes are told as theirs.
fn inherit(tree: &mut Node) {
    let Some(entries) = tree.entries_mut() else { return };
    entries.sort_by_key(|entry| entry.key != "defaults");
    let Some(defaults) = entries
        .first()
        .filter(|entry| entry.key == "defaults")
        .map(|entry| entry.node.clone())
    else {
        return;
    };
    let routes = entries
        .iter_mut()
        .find(|entry| entry.key == "routes")
        .and_then(|entry| entry.node.entries_mut());
    for route in routes.into_iter().flatten() {
        route.node = route.node.clone().over(&defaults);
    }
}
