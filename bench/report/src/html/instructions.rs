//! The page of instruction counts.

use super::{
    parts::table,
    shell::{Page, Section},
};
use crate::{model::Instructions, units};
use maud::{Markup, html};

pub(super) fn page(counts: &Instructions) -> Markup {
    let rows = table(
        "Instructions by call",
        html! {
            thead { tr { th scope="col" { "Benchmark" } th scope="col" { "Instructions a call" } } }
            tbody {
                @for entry in &counts.entries {
                    tr { th scope="row" { (entry.name) } td { (units::number(entry.instructions)) } }
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
        lead: html! {},
        sections: vec![Section::new("counts", "Counts", rows)],
    }
    .render()
}
