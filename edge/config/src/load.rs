//! From a file to a checked configuration.

use crate::{
    Config,
    check::check,
    decode::decode,
    diagnose::{At, Diagnostic, Findings, code},
    interpolate::interpolate,
    tree::Node,
};
use std::path::Path;

/// Answers `${NAME}`.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads, interpolates and checks a file. `env` is usually `&|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path, env),
            Err(error) => {
                let mut findings = Findings::default();
                findings.add(
                    code::SYNTAX,
                    At::default(),
                    format!("{} cannot be read: {error}", path.display()),
                );
                Err(findings.into_diagnostics(path))
            }
        }
    }

    /// The same for text at hand; `file` is only named in the diagnostics.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file.
    pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Findings::default();
        let config = read(text, env, &mut findings);
        match config {
            Some(config) if findings.is_empty() => Ok(config),
            _ => Err(findings.into_diagnostics(file)),
        }
    }
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

fn read(text: &str, env: Env<'_>, findings: &mut Findings) -> Option<Config> {
    let mut tree = Node::parse(text, findings)?;
    interpolate(&mut tree, env, findings);
    inherit(&mut tree);
    let skeleton = Node::parse(SKELETON, &mut Findings::default())?;
    let (config, pruned) = decode(&tree, &skeleton, findings);
    let config = config?;
    check(&config, &tree, &pruned, findings);
    Some(config)
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
