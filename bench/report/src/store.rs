//! Reports as files: JSON for programs, a page beside it for people.
//!
//! A report is named or pathed. A NAME (`feed-tuned`) lies in `bench/results` (not kept in git) or `bench/baselines`
//! (kept); anything with a slash or an extension is a path, and is also looked for below `bench/`, so that
//! `baselines/feed-read` works from everywhere.

use crate::{html, model::*};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Why a report was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing by that name.
    #[error("there is no report `{name}`; looked for {tried}{known}")]
    Missing {
        /// As given.
        name: String,
        /// The files that were tried.
        tried: String,
        /// What there is.
        known: String,
    },
    /// No name, and no path either.
    #[error("`{0}` is no name for a report: use letters, digits, `-`, `_` and `.`, or a path with a `/` in it")]
    Name(String),
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Not a report.
    #[error(
        "{path}: {key}: {reason}; a report is what `bench run … --save NAME` or `bench peers … --save NAME` writes"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Where in it.
        key: String,
        /// What was found.
        reason: String,
    },
    /// Another format's version.
    #[error(
        "{path}: schema {found} was written by another version of bench; this one reads schema {SCHEMA}. Run its command again: {command}"
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// How it was made, where it says so.
        command: String,
    },
    /// It would not be readable again.
    #[error("the report cannot be kept: {0} (a figure that is not a number is a defect of what measured it)")]
    Unkeepable(String),
}

/// Where reports lie.
#[derive(Debug, Clone)]
pub struct Store {
    home: PathBuf,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The report.
    pub json: PathBuf,
    /// The page.
    pub html: PathBuf,
    /// Whether an older report of this name gave way.
    pub replaced: bool,
}

impl Store {
    /// A store in this directory: the workspace's `bench`.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }

    /// Writes `results/NAME.json` and `.html`, or the two beside each other at a path. Each replaces an older file in one
    /// step, so a reader never sees half of it.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Unkeepable`], or what the file system said; the older files are then as they were.
    pub fn save(&self, report: &Report, name: &str) -> Result<Saved, Error> {
        let json = if is_path(name) {
            with_extension(Path::new(name), "json")
        } else {
            self.home.join("results").join(format!("{}.json", checked(name)?))
        };
        let page = json.with_extension("html");
        let text = to_json(report)?;
        let replaced = json.exists();
        write(&page, html::page(report).as_bytes())?;
        write(&json, text.as_bytes())?;
        Ok(Saved {
            json,
            html: page,
            replaced,
        })
    }

    /// Reads a report by name or path, and tells which file it was.
    ///
    /// # Errors
    /// [`Error::Missing`] with what there is; else as [`load`].
    pub fn load(&self, name: &str) -> Result<(Report, PathBuf), Error> {
        let candidates = self.candidates(name)?;
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            let tried: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::Missing {
                name: name.into(),
                tried: tried.join(", "),
                known: self.known(),
            });
        };
        Ok((load(path)?, path.clone()))
    }

    /// The names in the store, sorted: `feed-read`, `baselines/feed-read`.
    pub fn names(&self) -> Vec<String> {
        let folders = [("results", ""), ("baselines", "baselines/")];
        let mut names: Vec<_> = folders
            .iter()
            .flat_map(|(folder, prefix)| stems(&self.home.join(folder), prefix))
            .collect();
        names.sort();
        names
    }

    fn candidates(&self, name: &str) -> Result<Vec<PathBuf>, Error> {
        if !is_path(name) {
            let file = format!("{}.json", checked(name)?);
            return Ok(["results", "baselines"]
                .map(|folder| self.home.join(folder).join(&file))
                .into());
        }
        let path = Path::new(name);
        let below = self.home.join(path);
        let mut all = vec![
            path.to_path_buf(),
            with_extension(path, "json"),
            with_extension(&below, "json"),
        ];
        // A page stands for the report beside it.
        all.retain(|path| path.extension().is_none_or(|found| found != "html"));
        all.dedup();
        Ok(all)
    }

    fn known(&self) -> String {
        match self.names() {
            names if names.is_empty() => "; none are kept yet".into(),
            names => format!("; kept are {}", names.join(", ")),
        }
    }
}

/// Reads a report from a file.
///
/// # Errors
/// What the file system said, [`Error::Schema`], or [`Error::Format`] with the key that is wrong.
pub fn load(path: &Path) -> Result<Report, Error> {
    let text = fs::read(path).map_err(|source| Error::Io {
        path: path.into(),
        source,
    })?;
    let probe: Probe = parse(path, &text)?;
    let header = probe.header.unwrap_or_default();
    match probe.schema.or(header.schema) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(found) => {
            let command = header.command.unwrap_or_else(|| "it does not say which".into());
            return Err(Error::Schema {
                path: path.into(),
                found,
                command,
            });
        }
        None => return Err(format_error(path, "header.schema", "is missing")),
    }
    // By its kind, since errors inside of a tagged enum lose their place.
    match probe.kind.as_str() {
        "run" => parse(path, &text).map(|run| Report::Run(Box::new(run))),
        "peers" => parse(path, &text).map(|peers| Report::Peers(Box::new(peers))),
        "instructions" => parse(path, &text).map(Report::Instructions),
        other => Err(format_error(
            path,
            "kind",
            &format!("`{other}` is none of run, peers, instructions"),
        )),
    }
}

/// Writes a file in one step: whole, or not at all. Directories are made.
///
/// # Errors
/// What the file system said.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: path.into(),
        source,
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    // Like any file a program makes; the umask is applied.
    let readable = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new()
        .permissions(readable)
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// What tells one report from another, whatever its version.
#[derive(Deserialize)]
struct Probe {
    kind: String,
    schema: Option<u64>,
    header: Option<ProbeHeader>,
}

#[derive(Default, Deserialize)]
struct ProbeHeader {
    schema: Option<u64>,
    command: Option<String>,
}

fn to_json(report: &Report) -> Result<String, Error> {
    let unkeepable = |error: serde_json::Error| Error::Unkeepable(error.to_string());
    let mut text = serde_json::to_string_pretty(report).map_err(unkeepable)?;
    // JSON has no NaN: it would be written as null, and fail whoever reads it, long after the run that made it.
    serde_json::from_str::<Report>(&text).map_err(unkeepable)?;
    text.push('\n');
    Ok(text)
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| format_error(path, &error.path().to_string(), &error.inner().to_string()))?;
    json.end()
        .map_err(|error| format_error(path, "after its end", &error.to_string()))?;
    Ok(value)
}

fn format_error(path: &Path, key: &str, reason: &str) -> Error {
    let key = if key == "." { "no report" } else { key };
    Error::Format {
        path: path.into(),
        key: key.into(),
        reason: reason.into(),
    }
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".json") || name.ends_with(".html")
}

/// `NAME.json` for `NAME`, `NAME.json` and `NAME.html`; a dot elsewhere (`v1.2`) is part of the name.
fn with_extension(path: &Path, extension: &str) -> PathBuf {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "html") => path.with_extension(extension),
        _ => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{extension}"));
            name.into()
        }
    }
}

fn checked(name: &str) -> Result<&str, Error> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(fine) {
        return Err(Error::Name(name.into()));
    }
    Ok(name)
}

fn stems(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == "json"));
    paths
        .filter_map(|path| Some(format!("{prefix}{}", path.file_stem()?.to_str()?)))
        .collect()
}
