//! What is said about a configuration, in one form for the log, the API and people: mistakes with their places, and what only
//! shows when the configuration is put to use.

use edge_config::Diagnostic;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Codes of what shows only at work. Those of mistakes in the file itself are `edge_config`'s.
pub(crate) mod code {
    /// A file that the configuration names cannot be read.
    pub(crate) const UNREADABLE: &str = "E501";
    /// The configuration builds nothing.
    pub(crate) const UNBUILDABLE: &str = "E502";
    /// A route would lose all targets it has.
    pub(crate) const NO_ADDRESS: &str = "E511";
    /// A route could no longer verify tokens.
    pub(crate) const NO_KEYS: &str = "E512";
    /// Something of the edge itself broke.
    pub(crate) const INTERNAL: &str = "E599";
}

/// One mistake or warning. As JSON it has the form of `edge check`'s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// A stable code: `E…` for an error, `W…` for a warning.
    pub(crate) code: String,
    /// The file; empty where it is not about a line of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) file: String,
    /// Line, from 1; 0 where there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) line: u32,
    /// Column, from 1; 0 where there is none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) column: u32,
    /// The key, from the root; empty where the message names it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    /// What is wrong and how to put it right.
    pub(crate) message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Finding {
    /// An error about a key.
    pub(crate) fn error(code: &str, path: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            file: String::new(),
            line: 0,
            column: 0,
            path: path.to_owned(),
            message: message.into(),
        }
    }
}

impl From<Diagnostic> for Finding {
    fn from(found: Diagnostic) -> Self {
        Self {
            code: found.code.to_owned(),
            file: found.file.display().to_string(),
            line: found.at.line,
            column: found.at.column,
            path: String::new(),
            message: found.message,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code)?;
        if !self.file.is_empty() {
            let name = self.file.rsplit('/').next().unwrap_or(&self.file);
            write!(f, "{name}:{}:{} ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_config::At;

    #[test]
    fn a_line_for_people_says_code_place_and_matter() {
        let mistake = Diagnostic {
            code: "E101",
            file: "conf/edge.yaml".into(),
            at: At { line: 54, column: 5 },
            message: "unknown key `x`".into(),
        };
        assert_eq!(
            Finding::from(mistake).to_string(),
            "E101 edge.yaml:54:5 unknown key `x`"
        );
        let late = Finding::error(code::NO_KEYS, "jwt.users", "no key");
        assert_eq!(late.to_string(), "E512 jwt.users: no key");
    }
}
