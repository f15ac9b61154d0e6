//! Collects what is found, on the way through a file.

use super::{At, Diagnostic, Severity, Words, code};
use std::{collections::HashMap, path::Path};

/// Most mistakes that one run tells.
pub(crate) const MOST: usize = 200;

/// One thing found; the file is not yet known.
#[derive(Debug)]
struct Finding {
    code: &'static str,
    at: At,
    path: String,
    words: Words,
}

/// Collects findings. A place is told once, by the first mistake found there: what follows is mostly its consequence. Only
/// missing keys share the place of the map that lacks them, and warnings of several kinds may.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
    places: HashMap<At, Vec<usize>>,
    errors: usize,
    /// Whether something was left out because there was too much.
    full: bool,
}

impl Findings {
    /// Adds one, unless its place was told already.
    pub(crate) fn add(&mut self, code: &'static str, at: At, path: String, words: impl Into<Words>) {
        let words = words.into();
        let here = self.places.entry(at).or_default();
        let told = here.iter().map(|index| &self.found[*index]).any(|known| {
            let same = known.code == code && known.words == words;
            match (Severity::of(known.code), Severity::of(code)) {
                (Severity::Error, Severity::Error) => {
                    // A list of names may lack the files of all of them.
                    let both_missing = [code::MISSING_KEY, code::MISSING_FILE].contains(&code) && known.code == code;
                    same || !both_missing
                }
                (Severity::Error, Severity::Warning) => true,
                (Severity::Warning, Severity::Error) => false,
                (Severity::Warning, Severity::Warning) => same,
            }
        });
        if told {
            return;
        }
        if self.found.len() >= MOST {
            self.full = true;
            return;
        }
        self.errors += usize::from(Severity::of(code) == Severity::Error);
        here.push(self.found.len());
        self.found.push(Finding { code, at, path, words });
    }

    /// Looks at the words of every finding of a code once more; `amend` gets the path too.
    pub(crate) fn amend(&mut self, code: &str, mut amend: impl FnMut(&str, &mut Words)) {
        for finding in self.found.iter_mut().filter(|finding| finding.code == code) {
            amend(&finding.path, &mut finding.words);
        }
    }

    /// Takes back what was said of a path with a code. Something else was found that explains it.
    pub(crate) fn retract(&mut self, code: &str, path: &str) {
        self.found
            .retain(|finding| finding.code != code || finding.path != path);
        self.places.clear();
        for (index, finding) in self.found.iter().enumerate() {
            self.places.entry(finding.at).or_default().push(index);
        }
        self.errors = self
            .found
            .iter()
            .filter(|one| Severity::of(one.code) == Severity::Error)
            .count();
    }

    /// Whether the file cannot be used.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0 || self.full
    }

    /// Whether no more will be told.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// In the order of the file.
    pub(crate) fn into_diagnostics(mut self, file: &Path) -> Vec<Diagnostic> {
        self.found.sort_by_key(|finding| (finding.at, finding.code));
        let diagnostic = |finding: Finding| Diagnostic {
            code: finding.code,
            severity: Severity::of(finding.code),
            file: file.to_owned(),
            at: finding.at,
            path: finding.path,
            message: finding.words.message,
            help: finding.words.help,
        };
        let mut all: Vec<_> = self.found.into_iter().map(diagnostic).collect();
        if self.full {
            let text = format!("there are more than {MOST} mistakes; put these right, then check again");
            all.push(Diagnostic::new(code::TOO_MANY, file, At::default(), "", text));
        }
        all
    }
}
