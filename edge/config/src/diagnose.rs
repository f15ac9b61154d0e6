//! What is wrong with a file, where, and the cure.

use std::{fmt, path::PathBuf};

/// The stable codes. `E1…` a line by itself is wrong, `E2…` it names something that is not there, `E3…` routes collide.
pub mod code {
    /// The file cannot be read, or is not YAML.
    pub const SYNTAX: &str = "E100";
    /// A key that does not exist.
    pub const UNKNOWN_KEY: &str = "E101";
    /// A key that stands twice in one map.
    pub const DUPLICATE_KEY: &str = "E102";
    /// A key that must be there is not.
    pub const MISSING_KEY: &str = "E103";
    /// A value of the wrong kind: a list for a text, a number for a word.
    pub const WRONG_KIND: &str = "E104";
    /// A value of the right kind that makes no sense; a quantity without its unit.
    pub const BAD_VALUE: &str = "E110";
    /// An interpolation that cannot be read, or a variable that is not set.
    pub const INTERPOLATION: &str = "E120";
    /// Keys that exclude each other, or of which one is needed.
    pub const CONTRADICTION: &str = "E130";
    /// A name that is not defined.
    pub const DANGLING: &str = "E201";
    /// A route that can never win.
    pub const SHADOWED: &str = "E301";
}

/// A place in the file, both counted from 1. Line 0 means the file as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// One mistake. `Display` gives `E101 edge.yaml:54:5 unknown key …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code: see [`code`].
    pub code: &'static str,
    /// The file.
    pub file: PathBuf,
    /// The place in it.
    pub at: At,
    /// What is wrong and how to put it right.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.file.file_name().unwrap_or(self.file.as_os_str()).display();
        write!(
            f,
            "{} {name}:{}:{} {}",
            self.code, self.at.line, self.at.column, self.message
        )
    }
}

/// Collects mistakes. A place is told once, by the first to find something: what follows is mostly its consequence. Only
/// missing keys share the place of the map that lacks them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<(&'static str, At, String)>,
}

impl Findings {
    pub(crate) fn add(&mut self, code: &'static str, at: At, message: impl Into<String>) {
        let message = message.into();
        let both_missing = |known: &str| code == code::MISSING_KEY && known == code::MISSING_KEY;
        let told =
            |(known, place, text): &(&str, At, String)| *place == at && (!both_missing(known) || *text == message);
        if !self.found.iter().any(told) {
            self.found.push((code, at, message));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// In the order of the file.
    pub(crate) fn into_diagnostics(mut self, file: &std::path::Path) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(code, at, _)| (*at, *code));
        let diagnostic = |(code, at, message)| Diagnostic {
            code,
            file: file.to_owned(),
            at,
            message,
        };
        self.found.into_iter().map(diagnostic).collect()
    }
}

/// The known name nearest to a misspelled one, if near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (wrong.chars().count() / 3).max(1);
    let ranked = known.into_iter().map(|name| (distance(wrong, name), name));
    ranked
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, name)| name)
}

/// `; did you mean …?`, or nothing.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// Edits between two words; swapped neighbours are one edit (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["upstream", "auth", "cors", "comments"];
        assert_eq!(nearest("upsteam", known), Some("upstream"));
        assert_eq!(nearest("usptream", known), Some("upstream"));
        assert_eq!(nearest("comment", known), Some("comments"));
        assert_eq!(nearest("compression", known), None);
        assert_eq!(did_you_mean("x", known), "");
    }

    #[test]
    fn prints_code_place_and_message() {
        let at = At { line: 54, column: 5 };
        let shown = Diagnostic {
            code: "E101",
            file: "conf/edge.yaml".into(),
            at,
            message: "unknown key `x`".into(),
        };
        assert_eq!(shown.to_string(), "E101 edge.yaml:54:5 unknown key `x`");
    }
}
