//! What a generation is built from: the configuration and every file that it names, read once. Building it again, after a
//! rollback, needs no file.

use crate::finding::{Finding, code};
use edge_config::{Config, Env, Serves};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A checked configuration with what its files hold.
#[derive(Debug, PartialEq)]
pub(crate) struct Source {
    /// The configuration.
    pub(crate) config: Config,
    /// Texts of the schemas that it names, by file.
    pub(crate) schemas: BTreeMap<PathBuf, String>,
}

/// What reading a configuration gives.
pub(crate) struct Read {
    /// The source, or every mistake.
    pub(crate) source: Result<Source, Vec<Finding>>,
    /// What it works with and is hardly meant.
    pub(crate) warnings: Vec<Finding>,
    /// All files that took part, also those that could not be read. Other content in one of them is another configuration.
    pub(crate) files: BTreeSet<PathBuf>,
}

/// Reads and checks `file`, and what it names.
pub(crate) fn read(file: &Path, env: Env<'_>) -> Read {
    let mut files = BTreeSet::from([file.to_owned()]);
    let refused = |findings, files| Read {
        source: Err(findings),
        warnings: Vec::new(),
        files,
    };
    let config = match Config::load(file, env) {
        Ok(config) => config,
        Err(mistakes) => return refused(mistakes.into_iter().map(Finding::from).collect(), files),
    };
    let (mut schemas, mut mistakes) = (BTreeMap::new(), Vec::new());
    for (path, schema) in schema_files(&config) {
        files.insert(schema.to_owned());
        match fs::read_to_string(schema) {
            Ok(text) => drop(schemas.insert(schema.to_owned(), text)),
            Err(error) => {
                let message = format!("the schema {} cannot be read: {error}", schema.display());
                mistakes.push(Finding::error(code::UNREADABLE, &path, message));
            }
        }
    }
    if !mistakes.is_empty() {
        return refused(mistakes, files);
    }
    Read {
        source: Ok(Source { config, schemas }),
        warnings: Vec::new(),
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
