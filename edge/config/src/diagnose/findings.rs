//! Collects what is found, on the way through a file.

use super::{At, Diagnostic, Severity, Words, code};
use std::{collections::HashMap, path::Path};

/// Most errors that one run tells, and most warnings.
pub(crate) const MOST: usize = 200;

/// One thing found; the file is not yet known.
#[derive(Debug)]
struct Finding {
    code: &'static str,
    at: At,
    path: String,
    words: Words,
}

/// Codes that one place may have several of: a map lacks several keys, a list of names the files of all of them.
const SEVERAL: [&str; 2] = [code::MISSING_KEY, code::MISSING_FILE];

/// Collects findings. What was found at a place is not told again: routes that inherit a mistake all point at the one line.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
    places: HashMap<At, Vec<usize>>,
    errors: Count,
    warnings: Count,
}

/// How many were told, and whether some were left out because there were too many.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    told: usize,
    full: bool,
}

impl Count {
    /// Whether there is room for one more.
    fn one_more(&mut self) -> bool {
        self.full |= self.told >= MOST;
        self.told += usize::from(!self.full);
        !self.full
    }
}

impl Findings {
    /// Adds one, unless its place was told already.
    pub(crate) fn add(&mut self, code: &'static str, at: At, path: String, words: impl Into<Words>) {
        let words = words.into();
        let here = self.places.entry(at).or_default();
        let told = here.iter().map(|index| &self.found[*index]).any(|known| {
            let same = known.code == code;
            match (Severity::of(known.code), Severity::of(code)) {
                // What a variable that cannot be filled in leaves behind makes no sense either.
                (Severity::Error, Severity::Error) if known.code == code::INTERPOLATION => true,
                (Severity::Error, Severity::Error) if SEVERAL.contains(&code) => same && known.words == words,
                (Severity::Error, Severity::Error) => same,
                (Severity::Error, Severity::Warning) => true,
                (Severity::Warning, Severity::Error) => false,
                (Severity::Warning, Severity::Warning) => same && known.words == words,
            }
        });
        if told {
            return;
        }
        let count = match Severity::of(code) {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if !count.one_more() {
            return;
        }
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
        let errors = self
            .found
            .iter()
            .filter(|one| Severity::of(one.code) == Severity::Error);
        self.errors.told = errors.count();
    }

    /// Whether the file cannot be used.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors.told > 0
    }

    /// Whether no more errors will be told.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.full
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
        let mut more = |code, what| {
            let text = format!("there are more than {MOST} {what}; put these right, then check again");
            all.push(Diagnostic::new(code, file, At::default(), "", text));
        };
        if self.errors.full {
            more(code::TOO_MANY, "errors");
        }
        if self.warnings.full {
            more(code::MORE_WARNINGS, "warnings");
        }
        all
    }
}
