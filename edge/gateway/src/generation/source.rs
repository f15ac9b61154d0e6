//! What a generation is built from: the configuration and every file that it names, read once. Building it again, after a
//! rollback, needs no file.

use arc_swap::ArcSwap;
use edge_config::{Config, Diagnostic, Env, Loaded, Serves, Sources, diagnose};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
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
}

impl PartialEq for Source {
    /// Equal ones build the same, wherever their values come from.
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.schemas == other.schemas
    }
}

impl Source {
    /// Schemas that both name and that hold something else here. One that only one of them names shows as a key.
    pub(crate) fn other_schemas(&self, before: &Self) -> Vec<PathBuf> {
        let other =
            |(file, text): &(&PathBuf, &String)| before.schemas.get(*file).is_some_and(|before| before != *text);
        let schemas = self.schemas.iter().filter(other);
        schemas.map(|(file, _)| file.clone()).collect()
    }
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
    let (mut schemas, mut mistakes) = (BTreeMap::new(), Vec::new());
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
        }),
        warnings,
        files,
    }
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
