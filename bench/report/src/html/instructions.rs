//! The page of instruction counts.

use super::{
    parts::{command, name, table},
    shell::{Page, Section},
};
use crate::{
    model::{InstructionCount, Instructions},
    units,
};
use maud::{Markup, html};

/// Counts have no header that would say it.
const COMMAND: &str = "cargo dev bench instructions --save";

pub(super) fn page(counts: &Instructions) -> Markup {
    let rows = table(
        "Instructions by call",
        html! {
            thead { tr { th scope="col" { "Benchmark" } th scope="col" { "Instructions per call" } } }
            @for group in counts.entries.chunk_by(|a, b| group(a) == group(b)) {
                tbody {
                    @if let Some(first) = group.first() {
                        tr class="group" { th scope="rowgroup" colspan="2" { (self::group(first)) } }
                    }
                    @for entry in group {
                        tr { th scope="row" { (name(&entry.name)) } td { (units::number(entry.instructions)) } }
                    }
                }
            }
        },
    );
    Page {
        kind: "instructions",
        title: "Instruction counts".into(),
        description: "User-space instructions of single functions, counted by callgrind: the same on a noisy machine."
            .into(),
        facts: vec![counts.rustc.clone()],
        verdict: None,
        notes: vec![],
        lead: html! {},
        sections: vec![
            Section::new("counts", "Counts", rows),
            Section::new("command", "Command", command(COMMAND)),
        ],
    }
    .render()
}

/// What stands before the first `::`: what is called.
fn group(entry: &InstructionCount) -> &str {
    entry.name.split("::").next().unwrap_or_default()
}
