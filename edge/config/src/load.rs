//! From a file to a checked configuration.

use crate::{
    Config, Loaded, Route,
    check::{self, Files, Report},
    decode::{Section, decode, probe},
    diagnose::{Diagnostic, Findings},
    hints,
    interpolate::{Env, interpolate},
    sources::Sources,
    surroundings::Surroundings,
    tree::{Entry, Node, text_of},
    types::{CircuitBreaker, Cors, Defaults, Jwt, RateLimit, Upstream},
};
use std::path::Path;

impl Config {
    /// Reads, interpolates and checks a file, and looks at the files that it names. `env` is usually
    /// `&|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// Every mistake found, warnings too, in the order of the file.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Loaded, Vec<Diagnostic>> {
        Self::load_in(path, &Surroundings::new(env))
    }

    /// The same elsewhere than in the working directory, and at another time than now.
    ///
    /// # Errors
    /// Every mistake found, warnings too, in the order of the file.
    pub fn load_in(path: &Path, around: &Surroundings<'_>) -> Result<Loaded, Vec<Diagnostic>> {
        let Surroundings { env, root, now } = *around;
        loaded(&text_of(path)?, path, env, Some(&Files { root, now }))
    }

    /// [`Config::load`] for text at hand; `file` is only named in the diagnostics.
    ///
    /// # Errors
    /// Every mistake found, warnings too, in the order of the file.
    pub fn load_text(text: &str, file: &Path, env: Env<'_>) -> Result<Loaded, Vec<Diagnostic>> {
        let Surroundings { env, root, now } = Surroundings::new(env);
        loaded(text, file, env, Some(&Files { root, now }))
    }

    /// The same for text at hand; `file` is only named in the diagnostics, and no other file is looked at.
    ///
    /// # Errors
    /// Every mistake found, warnings too, in the order of the file.
    pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Loaded, Vec<Diagnostic>> {
        loaded(text, file, env, None)
    }
}

fn loaded(text: &str, file: &Path, env: Env<'_>, files: Option<&Files<'_>>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    match config(text, env, files, &mut findings) {
        Some((config, tree)) if !findings.has_errors() => Ok(Loaded {
            warnings: findings.into_diagnostics(file),
            sources: Sources::new(file, tree, &config),
            config,
        }),
        _ => Err(findings.into_diagnostics(file)),
    }
}

/// What is read part by part where the whole cannot be. The defaults go first, so that their mistakes are told as theirs.
const SECTIONS: [Section; 7] = [
    Section::Whole("defaults", probe::<Defaults>),
    Section::Entries("cors", probe::<Cors>),
    Section::Entries("jwt", probe::<Jwt>),
    Section::Entries("rate_limits", probe::<RateLimit>),
    Section::Entries("circuit_breakers", probe::<CircuitBreaker>),
    Section::Entries("upstreams", probe::<Upstream>),
    Section::Entries("routes", probe::<Route>),
];

fn config(text: &str, env: Env<'_>, files: Option<&Files<'_>>, findings: &mut Findings) -> Option<(Config, Node)> {
    let mut tree = Node::parse(text, findings)?;
    interpolate(&mut tree, env, findings);
    inherit(&mut tree);
    let (config, pruned) = decode::<Config>(&tree, SKELETON, &SECTIONS, findings);
    hints::where_keys_belong(findings);
    hints::which_numbers(findings);
    let config = config.inspect(|config| {
        check::check(config, files, &mut Report::new(&tree, &pruned, findings));
    });
    hints::how_it_is_typed(&tree, findings);
    let mut config = config?;
    config.settle();
    if let Some(files) = files {
        read_url(&mut config, &mut tree, files);
    }
    Some((config, tree))
}

/// Puts what stands in `redis.url_file` where `redis.url` is. That the file can be read was checked.
fn read_url(config: &mut Config, tree: &mut Node, files: &Files<'_>) {
    let Some(url) = config.redis.url_file.as_ref().and_then(|file| files.text(file).ok()) else {
        return;
    };
    config.redis.url = url.trim().to_owned();
    let redis = tree
        .entries_mut()
        .and_then(|entries| entries.iter_mut().find(|entry| entry.key == "redis"));
    if let Some(entries) = redis.and_then(|redis| redis.node.entries_mut())
        && let Some(entry) = entries.iter().find(|entry| entry.key == "url_file")
    {
        let key = "url".to_owned();
        entries.push(Entry { key, ..entry.clone() });
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

/// Lays each route over `defaults`.
fn inherit(tree: &mut Node) {
    let Some(entries) = tree.entries_mut() else { return };
    let Some(defaults) = entries.iter().find(|entry| entry.key == "defaults") else {
        return;
    };
    let mut defaults = defaults.node.clone();
    defaults.mark_inherited();
    let routes = entries
        .iter_mut()
        .find(|entry| entry.key == "routes")
        .and_then(|entry| entry.node.entries_mut());
    for route in routes.into_iter().flatten() {
        route.node.inherit(&defaults);
    }
}
