//! What a generation is built from: the configuration and every file that it names, read once. Building it again, after a
//! rollback, needs no file.

use arc_swap::ArcSwap;
use bytes::Bytes;
use edge_config::{Certificate, Config, Diagnostic, Env, HIDDEN, KeySource, Loaded, Serves, Sources, diagnose};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

/// A checked configuration with what its files hold.
#[derive(Debug)]
pub(crate) struct Source {
    /// The configuration.
    pub(crate) config: Config,
    /// Where each of its values comes from. Lines may move in a file whose meaning stays.
    pub(crate) sources: ArcSwap<Sources>,
    /// Texts of the schemas that it names, by file.
    pub(crate) schemas: BTreeMap<PathBuf, String>,
    /// Texts of the key sets, certificates and keys that it names, by file.
    pub(crate) keys: BTreeMap<PathBuf, KeyText>,
    /// Bodies of the edge's own answers, by file.
    pub(crate) bodies: BTreeMap<PathBuf, Bytes>,
}

/// The text of a file with keys. It may hold secrets, so it is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyText(String);

impl KeyText {
    /// It.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl PartialEq for Source {
    /// Equal ones build the same, wherever their values come from.
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
            && self.schemas == other.schemas
            && self.keys == other.keys
            && self.bodies == other.bodies
    }
}

impl Source {
    /// Schemas, keys, certificates and bodies that both name and that hold something else here. One that only one of them names shows
    /// as a key.
    pub(crate) fn other_files(&self, before: &Self) -> Vec<PathBuf> {
        other(&self.schemas, &before.schemas)
            .chain(other(&self.keys, &before.keys))
            .chain(other(&self.bodies, &before.bodies))
            .cloned()
            .collect()
    }
}

/// Files that both have, with something else in them.
fn other<'s, T: PartialEq>(
    now: &'s BTreeMap<PathBuf, T>,
    before: &'s BTreeMap<PathBuf, T>,
) -> impl Iterator<Item = &'s PathBuf> {
    now.iter()
        .filter(|(file, text)| before.get(*file).is_some_and(|before| before != *text))
        .map(|(file, _)| file)
}

/// What reading a configuration gives.
pub(crate) struct Read {
    /// The source, or every mistake.
    pub(crate) source: Result<Source, Vec<Diagnostic>>,
    /// What it works with and is hardly meant.
    pub(crate) warnings: Vec<Diagnostic>,
    /// All files that took part, also those that could not be read. Other content in one of them is another configuration.
    pub(crate) files: BTreeSet<PathBuf>,
}

/// Reads and checks `file`, and what it names.
pub(crate) fn read(file: &Path, env: Env<'_>) -> Read {
    complete(file, Config::load(file, env))
}

/// The same for text at hand; `file` is what mistakes call it.
pub(crate) fn read_text(text: &str, file: &Path, env: Env<'_>) -> Read {
    complete(file, Config::load_text(text, file, env))
}

fn complete(file: &Path, loaded: Result<Loaded, Vec<Diagnostic>>) -> Read {
    let mut files = BTreeSet::from([file.to_owned()]);
    let refused = |mistakes, files| Read {
        source: Err(mistakes),
        warnings: Vec::new(),
        files,
    };
    let Loaded {
        config,
        warnings,
        sources,
    } = match loaded {
        Ok(loaded) => loaded,
        Err(mistakes) => return refused(mistakes, files),
    };
    let (mut schemas, mut keys, mut mistakes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut bodies = BTreeMap::new();
    for (path, body) in body_files(&config) {
        files.insert(body.to_owned());
        match fs::read(body) {
            Ok(bytes) => drop(bodies.insert(body.to_owned(), bytes.into())),
            Err(error) => {
                let words = format!("the body {} cannot be read: {error}; put it there", body.display());
                mistakes.push(sources.diagnostic(diagnose::code::MISSING_FILE, &path, words));
            }
        }
    }
    for (path, file) in key_files(&config).into_iter().chain(certificate_files(&config)) {
        files.insert(file.to_owned());
        match fs::read_to_string(file) {
            Ok(text) => drop(keys.insert(file.to_owned(), KeyText(text))),
            Err(error) => {
                let words = format!("{} cannot be read: {error}; put it there", file.display());
                mistakes.push(sources.diagnostic(diagnose::code::MISSING_FILE, &path, words));
            }
        }
    }
    for (path, schema) in schema_files(&config) {
        files.insert(schema.to_owned());
        match fs::read_to_string(schema) {
            Ok(text) => drop(schemas.insert(schema.to_owned(), text)),
            Err(error) => {
                let words = format!("the schema {} cannot be read: {error}; put it there", schema.display());
                mistakes.push(sources.diagnostic(diagnose::code::MISSING_FILE, &path, words));
            }
        }
    }
    if !mistakes.is_empty() {
        return refused(mistakes, files);
    }
    Read {
        source: Ok(Source {
            config,
            sources: ArcSwap::from_pointee(sources),
            schemas,
            keys,
            bodies,
        }),
        warnings,
        files,
    }
}

/// The files with key sets, and the keys that name them.
fn key_files(config: &Config) -> Vec<(String, &Path)> {
    let issuers = config.jwt.iter();
    let files = issuers.filter_map(|(name, jwt)| match jwt.jwks.source()? {
        KeySource::File(file) => Some((format!("jwt.{name}.jwks.file"), file)),
        KeySource::Upstream { .. } => None,
    });
    files.collect()
}

/// The files with certificates and their keys, and the keys that name them.
fn certificate_files(config: &Config) -> Vec<(String, &Path)> {
    fn pair<'c>(at: &str, pair: &'c Certificate) -> [(String, &'c Path); 2] {
        [
            (format!("{at}.cert_file"), pair.cert_file.as_path()),
            (format!("{at}.key_file"), pair.key_file.as_path()),
        ]
    }
    let mut files = Vec::new();
    if let Some(https) = &config.listeners.https {
        let at = "listeners.https.tls";
        for (index, own) in https.tls.certificates.iter().enumerate() {
            files.extend(pair(&format!("{at}.certificates.{index}"), own));
        }
        let clients = https.tls.client_auth.iter();
        files.extend(clients.map(|clients| (format!("{at}.client_auth.ca_file"), clients.ca_file.as_path())));
    }
    for (name, upstream) in &config.upstreams {
        let Some(tls) = &upstream.tls else { continue };
        let at = format!("upstreams.{name}.tls");
        files.extend(tls.ca_file.iter().map(|file| (format!("{at}.ca_file"), file.as_path())));
        files.extend(
            tls.certificate
                .iter()
                .flat_map(|own| pair(&format!("{at}.certificate"), own)),
        );
    }
    files
}

/// The files that are bodies of answers, and the keys that name them.
fn body_files(config: &Config) -> Vec<(String, &Path)> {
    let routes = config.routes.iter();
    let files = routes.filter_map(|(name, route)| {
        let file = route.fallback.as_ref()?.body_file.as_deref()?;
        Some((format!("routes.{name}.fallback.body_file"), file))
    });
    files.collect()
}

/// The files with schemas, and the keys that name them.
fn schema_files(config: &Config) -> Vec<(String, &Path)> {
    let mut all = Vec::new();
    for (name, route) in &config.routes {
        let Some(Serves::Graphql(graphql)) = route.serves() else {
            continue;
        };
        for (subgraph, part) in &graphql.subgraphs {
            let path = format!("routes.{name}.graphql.subgraphs.{subgraph}.schema");
            all.push((path, part.schema.as_path()));
        }
    }
    all
}
