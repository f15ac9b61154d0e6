//! One self-contained page a report: no script, no font, no request to anywhere; light and dark; for a desk and a phone.
//!
//! Everything that a report holds is text from somewhere else (an answer's body may stand in an error's example), so
//! nothing of it is written unescaped; the page's content policy forbids what might slip through.

mod buckets;
mod chart;
mod comparison;
mod instructions;
mod parts;
mod peers;
mod run;
mod shell;

use crate::{compare::Comparison, model::Report};

/// The page of a report.
pub fn page(report: &Report) -> String {
    match report {
        Report::Run(run) => run::page(run),
        Report::Peers(peers) => peers::page(peers),
        Report::Instructions(counts) => instructions::page(counts),
    }
    .into_string()
}

/// The page of a comparison.
pub fn comparison(comparison: &Comparison) -> String {
    comparison::page(comparison).into_string()
}
