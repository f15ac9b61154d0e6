//! Reports and comparisons as text.

mod comparison;
mod peers;
mod run;

use super::table::Table;
use crate::{
    compare::Comparison,
    model::{Environment, Header, Instructions, Report},
    units,
};

/// A report as a person reads it: figures first, the verdict last, where the eye is.
pub fn report(report: &Report) -> String {
    let lines = match report {
        Report::Run(report) => run::lines(report),
        Report::Peers(report) => peers::lines(report),
        Report::Instructions(counts) => instructions(counts),
    };
    spaced([lines, report.header().map(verdict).unwrap_or_default()]).join("\n")
}

/// A comparison as a person reads it.
pub fn comparison(comparison: &Comparison) -> String {
    comparison::lines(comparison).join("\n")
}

/// Blocks with an empty line between each two; empty ones leave no trace.
fn spaced(blocks: impl IntoIterator<Item = Vec<String>>) -> Vec<String> {
    let blocks: Vec<_> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
    blocks.join(&String::new())
}

fn instructions(counts: &Instructions) -> Vec<String> {
    let mut table = Table::new(["instructions", "per call"]);
    for entry in &counts.entries {
        table.row([entry.name.clone(), units::number(entry.instructions)]);
    }
    let mut lines = table.lines();
    lines.push(format!("on: {}", counts.rustc));
    lines
}

/// How and where it was made, what a reader must know, and what became of it.
fn verdict(header: &Header) -> Vec<String> {
    let mut lines = vec![
        format!("made by: {}", header.command),
        format!("on: {}", place(&header.started_at, &header.environment)),
    ];
    lines.extend(header.environment.notes.iter().map(|note| format!("note: {note}")));
    lines.push(format!("{} {}", header.verdict.word(), header.title));
    lines.extend(header.verdict.reasons.iter().map(|reason| format!("  {reason}")));
    lines
}

/// When, at which commit, on what; what is not known is left out.
fn place(started_at: &str, environment: &Environment) -> String {
    let machine = match environment.cpu.as_str() {
        "" => String::new(),
        cpu => format!("{} × {cpu}", environment.cores),
    };
    let commit = match environment.commit.as_str() {
        "" => String::new(),
        commit => format!("commit {commit}"),
    };
    let parts = [
        units::moment(started_at),
        commit,
        environment.profile.clone(),
        environment.rustc.clone(),
        machine,
        environment.os.clone(),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}
