//! What is said about a configuration, in one form for the log, the API and people: mistakes with their places, and what only
//! shows when the configuration is put to use.

use edge_config::{At, Diagnostic, Severity, diagnose::explain::pages};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One mistake or warning, as an API tells it and its clients read it: the form of `edge check`'s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// A stable code: `E…` for an error, `W…` for a warning.
    pub(crate) code: String,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// The file; empty where it is not about a line of one.
    pub(crate) file: String,
    /// Line, from 1; 0 where there is none.
    pub(crate) line: u32,
    /// Column, from 1; 0 where there is none.
    pub(crate) column: u32,
    /// The key, from the root.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
    /// How to put it right; empty where nothing more can be said.
    pub(crate) help: String,
}

impl Finding {
    /// An error about a key.
    pub(crate) fn error(code: &str, path: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::of(code),
            file: String::new(),
            line: 0,
            column: 0,
            path: path.to_owned(),
            message: message.into(),
            help: String::new(),
        }
    }
}

impl Finding {
    /// It again as what it was made of; none where its code is of another version, or where it is about no line.
    pub(crate) fn to_diagnostic(&self) -> Option<Diagnostic> {
        let page = pages()
            .into_iter()
            .find(|page| page.code == self.code && self.line > 0)?;
        Some(Diagnostic {
            code: page.code,
            severity: self.severity,
            file: self.file.clone().into(),
            at: At {
                line: self.line,
                column: self.column,
            },
            path: self.path.clone(),
            message: self.message.clone(),
            help: self.help.clone(),
        })
    }
}

impl From<Diagnostic> for Finding {
    fn from(found: Diagnostic) -> Self {
        Self {
            code: found.code.to_owned(),
            severity: found.severity,
            file: found.file.display().to_string(),
            line: found.at.line,
            column: found.at.column,
            path: found.path,
            message: found.message,
            help: found.help,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code)?;
        if !self.file.is_empty() {
            let name = self.file.rsplit('/').next().unwrap_or(&self.file);
            write!(f, "{name}:{}:{} ", self.line, self.column)?;
        } else if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_config::diagnose::code;
    use std::path::Path;

    #[test]
    fn a_line_for_people_says_code_place_and_matter() {
        let at = At { line: 54, column: 5 };
        let mistake = Diagnostic::new(
            "E101",
            Path::new("conf/edge.yaml"),
            at,
            "x",
            "unknown key `x`; take it out",
        );
        let finding = Finding::from(mistake.clone());
        assert_eq!(finding.to_diagnostic(), Some(mistake));
        assert_eq!(finding.to_string(), "E101 edge.yaml:54:5 unknown key `x`; take it out");
        let late = Finding::error(code::NO_KEYS, "jwt.users", "no key");
        assert_eq!(late.to_string(), "E512 jwt.users: no key");
    }
}
