//! `edge check`: says what is wrong with a configuration, and why that is wrong.

use super::{DEFAULT_CONFIG, Failure, environment, print, say};
use crate::{
    finding::Finding,
    generation::{self, Generation, Parts},
};
use clap::ValueEnum;
use edge_config::{
    Diagnostic,
    diagnose::{code, explain::explain},
};
use std::{
    fs,
    io::{IsTerminal, stdout},
    path::{Path, PathBuf},
    sync::Arc,
};

/// `edge check`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(default_value = DEFAULT_CONFIG)]
    file: PathBuf,
    /// How to tell mistakes; `human` at a terminal, else `text`, unless told.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Print what a code means, and check nothing: `--explain E201`.
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Each with its line of the file and a mark.
    Human,
    /// A line each.
    Text,
    /// One array of `{ code, severity, file, line, column, path, message, help }`; `[]` where nothing is wrong.
    Json,
}

impl Format {
    fn usual() -> Self {
        if stdout().is_terminal() {
            Self::Human
        } else {
            Self::Text
        }
    }
}

/// Tells what an edge has found in a file, or in its own, as if it was found here.
pub(super) fn tell(file: Option<&Path>, found: &[Finding]) {
    let told: Option<Vec<Diagnostic>> = found.iter().map(Finding::to_diagnostic).collect();
    match (told, file) {
        (Some(told), Some(file)) => print(&shown(file, Format::usual(), &told, "")),
        // The lines of its own file are the edge's to read.
        _ => found.iter().for_each(|one| say(&one.to_string())),
    }
}

/// Tells every mistake on standard output.
///
/// # Errors
/// There are errors (warnings alone are none), or it could not be checked.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(code) = &arguments.explain {
        let page = explain(code).map_err(|text| Failure::Unreachable(format!("edge: {text}")))?;
        print(&page.text);
        return Ok(());
    }
    let format = arguments.format.unwrap_or_else(Format::usual);
    let (sum, told) = check(&arguments.file);
    print(&shown(&arguments.file, format, &told, &sum));
    if told.iter().any(is_unreadable) {
        Err(Failure::Told(2))
    } else if told.iter().any(Diagnostic::is_error) {
        Err(Failure::Told(1))
    } else {
        Ok(())
    }
}

/// Reads a configuration, builds what it says and drops it: schemas are composed, nothing is connected. Gives what it holds,
/// and everything there is to say about it.
fn check(file: &Path) -> (String, Vec<Diagnostic>) {
    let read = generation::read(file, &environment);
    let source = match read.source {
        Ok(source) => Arc::new(source),
        Err(told) => return (String::new(), told),
    };
    let mut told = read.warnings;
    if let Err(error) = Generation::build(Arc::clone(&source), 1, &Parts::default(), None) {
        told.push(error.diagnostic(&source.sources.load()));
        told.sort_by_key(|one| one.at);
    }
    let (routes, upstreams) = (source.config.routes.len(), source.config.upstreams.len());
    (format!("{routes} routes, {upstreams} upstreams, "), told)
}

/// The file itself could not be read.
fn is_unreadable(told: &Diagnostic) -> bool {
    told.code == code::SYNTAX && told.at.line == 0
}

fn shown(file: &Path, format: Format, told: &[Diagnostic], sum: &str) -> String {
    match format {
        Format::Json => {
            // Diagnostics are texts and numbers.
            let mut text = serde_json::to_string_pretty(told).unwrap_or_default();
            text.push('\n');
            text
        }
        Format::Text => {
            let lines = told.iter().map(|one| format!("{one}\n"));
            lines.chain(told.is_empty().then(|| verdict(file, told, sum))).collect()
        }
        Format::Human => {
            let source = fs::read_to_string(file).unwrap_or_default();
            let parts = told.iter().map(|one| one.render(&source) + "\n");
            parts.chain([verdict(file, told, sum)]).collect()
        }
    }
}

/// `conf/edge.yaml: 18 routes, 5 upstreams, no mistakes`
fn verdict(file: &Path, told: &[Diagnostic], sum: &str) -> String {
    let errors = told.iter().filter(|one| one.is_error()).count();
    let warnings = told.len() - errors;
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    let name = file.display();
    match (told.first(), errors, warnings) {
        (None, ..) => format!("{name}: {sum}no mistakes\n"),
        (Some(first), ..) => {
            let hint = format!("`edge check --explain {}` tells more", first.code);
            format!(
                "{name}: {}, {}; {hint}\n",
                count(errors, "error"),
                count(warnings, "warning")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use edge_config::At;

    fn told() -> Vec<Diagnostic> {
        let at = At { line: 1, column: 4 };
        vec![Diagnostic::new(
            code::BAD_VALUE,
            Path::new("a/e.yaml"),
            at,
            "x",
            "x: bad; write y",
        )]
    }

    #[test]
    fn each_format_says_the_same() {
        let file = Path::new("a/e.yaml");
        let sum = "2 routes, 1 upstreams, ";
        assert_eq!(
            shown(file, Format::Text, &told(), sum),
            "E110 e.yaml:1:4 x: bad; write y\n"
        );
        assert_eq!(
            shown(file, Format::Text, &[], sum),
            "a/e.yaml: 2 routes, 1 upstreams, no mistakes\n"
        );
        assert_eq!(shown(file, Format::Json, &[], sum), "[]\n");
        let json: serde_json::Value = serde_json::from_str(&shown(file, Format::Json, &told(), sum)).unwrap();
        assert_eq!(json[0]["line"], 1);
        let human = shown(file, Format::Human, &told(), sum);
        assert!(
            human.ends_with("a/e.yaml: 1 error, 0 warnings; `edge check --explain E110` tells more\n"),
            "{human}"
        );
    }
}
