//! What is wrong with a file, where, and the cure.

pub mod code;
pub mod explain;
mod findings;
mod near;
mod render;
mod words;

pub(crate) use findings::{Findings, MOST};
pub use near::{did_you_mean, nearest};
pub use words::Words;
pub(crate) use words::is_unseen;

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A place in the file, both counted from 1. Line 0 means the file as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

impl At {
    /// The first character.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    pub(crate) fn new(line: usize, column: usize) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            line: number(line),
            column: number(column),
        }
    }

    /// The place behind a text.
    pub(crate) fn after(text: &str) -> Self {
        let line = text.rsplit('\n').next().unwrap_or_default();
        Self::new(text.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but hardly does what was meant.
    Warning,
}

impl Severity {
    /// That of a code: `E…` or `W…`.
    pub fn of(code: &str) -> Self {
        if code.starts_with('W') {
            Self::Warning
        } else {
            Self::Error
        }
    }
}

/// One mistake. `Display` gives one line: `E101 edge.yaml:54:5 unknown key …`. As JSON:
/// `{ code, severity, file, line, column, path, message, help }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable code: see [`code`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// The place in it.
    #[serde(flatten)]
    pub at: At,
    /// The key, from the root: `routes.graphql.upstream`. Items of a list by number, from 0.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to put it right; empty where nothing more can be said.
    pub help: String,
}

impl Diagnostic {
    /// One whose severity is its code's.
    pub fn new(code: &'static str, file: &Path, at: At, path: impl Into<String>, words: impl Into<Words>) -> Self {
        let Words { message, help } = words.into();
        Self {
            code,
            severity: Severity::of(code),
            file: file.to_owned(),
            at,
            path: path.into(),
            message,
            help,
        }
    }

    /// Whether it makes the file unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.file.file_name().unwrap_or(self.file.as_os_str()).display();
        let At { line, column } = self.at;
        write!(f, "{} {name}:{line}:{column} {}", self.code, self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_people_and_an_object_for_machines() {
        let at = At { line: 54, column: 5 };
        let text = "unknown key `x` in routes.a; did you mean `y`?";
        let one = Diagnostic::new("E101", Path::new("conf/edge.yaml"), at, "routes.a.x", text);
        assert_eq!(one.to_string(), format!("E101 edge.yaml:54:5 {text}"));
        let json = r#"{"code":"E101","severity":"error","file":"conf/edge.yaml","line":54,"column":5,"path":"routes.a.x","message":"unknown key `x` in routes.a","help":"did you mean `y`?"}"#;
        assert_eq!(serde_json::to_string(&one).unwrap(), json);
    }
}
