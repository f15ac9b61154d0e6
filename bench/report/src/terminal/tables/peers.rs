//! A comparison of peers as text: losses in the words of wins.

use super::{super::table::Table, spaced};
use crate::{
    model::{PeerRow, PeersReport, Spread, Work},
    standing::{Against, Standing, in_words, standings},
    units,
};

pub(super) fn lines(report: &PeersReport) -> Vec<String> {
    let reference = &report.reference;
    let works = report.works.iter().map(|work| {
        let head = vec![format!("{}: {}", work.name, work.description)];
        [head, rows(work, reference), standing(work, reference)].concat()
    });
    let skipped = report.skipped.iter();
    let skipped = skipped.map(|it| format!("left out: {}: {}", it.peer, it.reason));
    let goals = report.goals.iter().map(|goal| {
        let word = if goal.met { "met   " } else { "MISSED" };
        format!("{word} {}: {}", goal.name, goal.measured)
    });
    spaced(works.chain([skipped.collect(), goals.collect()]))
}

/// CPU and throughput are saturated, times at the fixed rate.
fn rows(work: &Work, reference: &str) -> Vec<String> {
    let ratio = format!("÷ {reference}");
    let at = format!("p50 at {}", units::rate(work.fixed_rate));
    let head = [
        "peer",
        "CPU per request",
        "rounds",
        &ratio,
        "throughput",
        &at,
        "p99",
        "p99.9",
        "peak memory",
        "system calls",
        "wrong",
    ];
    let mut table = Table::new(head);
    for row in &work.rows {
        table.row([
            row.peer.clone(),
            median(row.cpu_us, units::time),
            rounds(row.cpu_us, units::time),
            units::ratio(row.cpu_ratio.median),
            median(row.throughput, units::rate),
            median(row.p50_us, units::time),
            median(row.p99_us, units::time),
            median(row.p999_us, units::time),
            memory(row),
            row.syscalls_per_request.map_or(units::NONE.into(), units::number),
            units::count(row.failed),
        ]);
    }
    table.lines()
}

/// By figure, against whom the reference loses and wins.
fn standing(work: &Work, reference: &str) -> Vec<String> {
    type Figure = fn(&Against<'_>) -> Standing;
    let others = standings(work, reference);
    let figures: [(&str, Figure); 3] = [
        ("CPU", |other| other.cpu),
        ("p99", |other| other.p99),
        ("throughput", |other| other.throughput),
    ];
    let told = figures.map(|(name, figure)| (name, in_words(&others, figure)));
    let told = told.into_iter().filter(|(_, words)| !words.is_empty());
    told.map(|(name, words)| format!("by {name}, {reference} {words}"))
        .collect()
}

fn median(spread: Spread, show: fn(f64) -> String) -> String {
    if spread.median > 0.0 {
        show(spread.median)
    } else {
        units::NONE.into()
    }
}

fn rounds(spread: Spread, show: fn(f64) -> String) -> String {
    if spread.max > spread.min {
        units::range(spread.min, spread.max, show)
    } else {
        units::NONE.into()
    }
}

fn memory(row: &PeerRow) -> String {
    match row.peak_rss_bytes {
        0 => units::NONE.into(),
        bytes => units::bytes(bytes as f64),
    }
}
