//! The files that a configuration names: they are there, and hold what they should.

use super::{Report, certificates, jwks, redis};
use crate::{Config, diagnose::code};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

/// Largest file that is looked into, bytes.
const LARGEST: u64 = 1024 * 1024;

/// What a check may look at beside the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    /// Relative paths are against it.
    pub(crate) root: &'a Path,
    /// When certificates must be valid.
    pub(crate) now: SystemTime,
}

impl Files<'_> {
    /// The text of a file.
    pub(crate) fn text(&self, file: &Path) -> io::Result<String> {
        let file = File::open(self.root.join(file))?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text)?;
        Ok(text)
    }
}

pub(super) fn check(config: &Config, files: &Files<'_>, report: &mut Report<'_>) {
    // It is made where it is not there; what is there must be one.
    if let Some(file) = config
        .admin
        .token_file
        .as_ref()
        .filter(|file| files.root.join(file).exists())
    {
        let path = ["admin", "token_file"];
        if let Some(text) = read(file, &path, files, report)
            && text.trim().is_empty()
        {
            let words = format!("{} is empty; write a token into it, or delete it", file.display());
            report.add(code::BAD_FILE, &path, words);
        }
    }
    if let Some(file) = config
        .admin
        .audit_file
        .as_ref()
        .filter(|file| files.root.join(file).exists())
    {
        exists(file, &["admin", "audit_file"], files, report);
    }
    if let Some(file) = &config.redis.url_file {
        let path = ["redis", "url_file"];
        if let Some(text) = read(file, &path, files, report)
            && let Err(words) = redis::is_redis(text.trim())
        {
            report.add(code::BAD_FILE, &path, format!("{} holds {words}", file.display()));
        }
    }
    for (name, route) in &config.routes {
        if let Some(file) = route.fallback.as_ref().and_then(|fallback| fallback.body_file.as_ref()) {
            let path = ["routes", name, "fallback", "body_file"];
            exists(file, &path, files, report);
            let is_large = |meta: fs::Metadata| meta.is_file() && meta.len() > LARGEST;
            if fs::metadata(files.root.join(file)).is_ok_and(is_large) {
                let words = format!("{} is larger than 1 MiB; answer with less", file.display());
                report.add(code::BAD_FILE, &path, words);
            }
        }
        for (subgraph, part) in route.graphql.iter().flat_map(|graphql| &graphql.subgraphs) {
            let path = ["routes", name, "graphql", "subgraphs", subgraph, "schema"];
            exists(&part.schema, &path, files, report);
        }
    }
    jwks::in_files(config, files, report);
    certificates::check(config, files, report);
}

/// A file's text; tells why it cannot be had.
pub(super) fn read(file: &Path, path: &[&str], files: &Files<'_>, report: &mut Report<'_>) -> Option<String> {
    match files.text(file) {
        Ok(text) => Some(text),
        Err(error) => {
            missing(file, &error, path, report);
            None
        }
    }
}

fn exists(file: &Path, path: &[&str], files: &Files<'_>, report: &mut Report<'_>) {
    let is_file = |meta: fs::Metadata| {
        if meta.is_file() {
            Ok(())
        } else {
            Err(io::ErrorKind::IsADirectory.into())
        }
    };
    if let Err(error) = fs::metadata(files.root.join(file)).and_then(is_file) {
        missing(file, &error, path, report);
    }
}

fn missing(file: &Path, error: &io::Error, path: &[&str], report: &mut Report<'_>) {
    let name = file.display();
    let words = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {name}; put it there, or mend the path"),
        io::ErrorKind::IsADirectory => format!("{name} is no file; name the file itself"),
        io::ErrorKind::InvalidData => format!("{name} is no text; check that it is the right file"),
        _ => format!("{name} cannot be read: {error}; check that this user may"),
    };
    report.add(code::MISSING_FILE, path, words);
}
