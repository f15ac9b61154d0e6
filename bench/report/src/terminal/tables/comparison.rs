//! One report against another as text.

use super::{super::table::Table, place, spaced};
use crate::{
    compare::{Comparison, Side},
    model::Spread,
    units,
};

pub(super) fn lines(comparison: &Comparison) -> Vec<String> {
    let sides = [side("before", &comparison.before), side("after", &comparison.after)];
    spaced([sides.concat(), changes(comparison), judgement(comparison)])
}

fn changes(comparison: &Comparison) -> Vec<String> {
    let mut table = Table::worded(["figure", "before", "after", "change", "judgement"]);
    for change in &comparison.changes {
        let value = |value: Option<Spread>| value.map_or(units::NONE.into(), |it| change.metric.show(it.median));
        table.row([
            format!("{}: {}", change.place, change.metric),
            value(change.before),
            value(change.after),
            change.shown(),
            change.judgement().word().to_owned(),
        ]);
    }
    table.lines()
}

fn judgement(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![];
    for outcome in &comparison.outcomes {
        let word = if outcome.met() { "holds " } else { "BROKEN" };
        lines.push(format!("{word} {}: {}", outcome.rule, outcome.reasons().join("; ")));
    }
    let told = [
        ("not comparable", &comparison.obstacles),
        ("also differs", &comparison.notes),
    ];
    for (what, all) in told {
        let each = all.iter();
        lines.extend(each.map(|it| format!("{what}: {} was {} and is {}", it.what, it.before, it.after)));
    }
    lines.push(comparison.summary());
    lines
}

/// Where a side comes from, and how it is made again.
fn side(which: &str, side: &Side) -> Vec<String> {
    let mut lines = vec![format!(
        "{which}: {}: {}",
        side.title,
        place(&side.started_at, &side.environment)
    )];
    if !side.command.is_empty() {
        lines.push(format!("  made by: {}", side.command));
    }
    lines
}
