//! Reports and comparisons as text.

use super::table::Table;
use crate::{
    compare::Comparison,
    model::{Header, PeersReport, Ramp, Report, RunReport, Step, Work},
    units,
};

/// A report as a person reads it: figures first, the verdict last, where the eye is.
pub fn report(report: &Report) -> String {
    let mut lines = Vec::new();
    match report {
        Report::Run(report) => {
            run(report, &mut lines);
            verdict(&report.header, &mut lines);
        }
        Report::Peers(report) => {
            peers(report, &mut lines);
            verdict(&report.header, &mut lines);
        }
        Report::Instructions(counts) => {
            let mut table = Table::new(["instructions", "each"]);
            for entry in &counts.entries {
                table.row([entry.name.clone(), units::number(entry.instructions)]);
            }
            lines.extend(table.lines());
        }
    }
    lines.join("\n")
}

/// A comparison as a person reads it.
pub fn comparison(comparison: &Comparison) -> String {
    let mut lines = Vec::new();
    let mut table = Table::new(["figure", "where", "change", "judgement"]);
    for change in &comparison.changes {
        table.row([
            change.metric.name().to_owned(),
            change.place.to_string(),
            change.shown(),
            change.judgement().word().to_owned(),
        ]);
    }
    lines.extend(table.lines());
    for outcome in &comparison.outcomes {
        let word = if outcome.met() { "holds " } else { "BROKEN" };
        lines.push(format!("{word} {}: {}", outcome.rule, outcome.reasons().join("; ")));
    }
    lines.extend(
        comparison
            .obstacles
            .iter()
            .map(|it| format!("not comparable: {} was {} and is {}", it.what, it.before, it.after)),
    );
    lines.extend(
        comparison
            .notes
            .iter()
            .map(|it| format!("also differs: {} was {} and is {}", it.what, it.before, it.after)),
    );
    lines.push(comparison.summary());
    lines.join("\n")
}

fn verdict(header: &Header, lines: &mut Vec<String>) {
    lines.extend(header.environment.notes.iter().map(|note| format!("note: {note}")));
    let word = match (header.verdict.valid, header.verdict.passed) {
        (false, _) => "INVALID",
        (true, false) => "FAILED",
        (true, true) => "PASSED",
    };
    lines.push(format!("{word} {}", header.title));
    lines.extend(header.verdict.reasons.iter().map(|reason| format!("  {reason}")));
}

fn run(report: &RunReport, lines: &mut Vec<String>) {
    let (load, totals) = (&report.load, &report.totals);
    let asked = report.rate_asked().unwrap_or_else(|| "as fast as it goes".to_owned());
    lines.push(format!(
        "{}: {asked}, {} clients, {} over {} to {}",
        report.header.title,
        load.clients,
        units::duration(load.duration_s),
        load.protocol,
        load.target
    ));
    lines.push(format!(
        "{} due, {} completed ({}), {} failed, {} dropped",
        units::count(totals.due),
        units::count(totals.completed),
        units::rate(totals.rate),
        units::count(totals.failed),
        units::count(totals.dropped)
    ));
    lines.extend(times(&report.steps));
    let mut table = Table::new(["stage", "achieved", "p50", "p99", "failed", "kept up"]);
    for stage in &report.stages {
        table.row([
            units::rate(stage.rate),
            units::rate(stage.achieved),
            units::time(stage.corrected.p50_us),
            units::time(stage.corrected.p99_us),
            units::count(stage.failed),
            if stage.sustained { "yes" } else { "no" }.to_owned(),
        ]);
    }
    lines.extend(table.lines());
    lines.extend(report.ramp.as_ref().map(|found| ramp(found, load.duration_s)));
    let mut table = Table::new(["stream", "open", "lost", "expected", "delivered", "wrong", "p50", "p99"]);
    for stream in &report.streams {
        table.row([
            stream.name.clone(),
            units::count(stream.opened),
            units::count(stream.lost),
            units::count(stream.expected),
            units::count(stream.delivered),
            units::count(stream.wrong),
            units::time(stream.delivery.p50_us),
            units::time(stream.delivery.p99_us),
        ]);
    }
    lines.extend(table.lines());
    let mut table = Table::new(["process", "CPU", "CPU each", "peak memory"]);
    for process in &report.processes {
        table.row([
            process.name.clone(),
            units::duration(process.cpu_s),
            units::time(process.cpu_us_per_request),
            units::bytes(process.peak_rss_bytes as f64),
        ]);
    }
    lines.extend(table.lines());
    let errors = report.errors.iter().take(10);
    lines.extend(errors.map(|error| {
        format!(
            "error {} × {} in {}: {}",
            error.count, error.kind, error.step, error.example
        )
    }));
    lines.extend(report.thresholds.iter().map(|threshold| {
        let word = if threshold.met { "met   " } else { "BROKEN" };
        format!(
            "{word} {} {}: {}",
            threshold.metric, threshold.bound, threshold.measured
        )
    }));
}

/// `ramp ended after 23 s: p99 is 180 ms, above 100 ms; 4,000/s held`
fn ramp(ramp: &Ramp, duration_s: f64) -> String {
    let ended = match &ramp.ended {
        Some(why) => format!("ended after {}: {why}", units::duration(duration_s)),
        None => "went to its last rate".to_owned(),
    };
    let held = ramp.held.map_or_else(|| "no rate".to_owned(), units::rate);
    format!("ramp {ended}; {held} held")
}

/// Corrected times, and those a load tester with coordinated omission would have shown beside them.
fn times(steps: &[Step]) -> Vec<String> {
    let mut table = Table::new(["step", "count", "p50", "p90", "p99", "p99.9", "max", "uncorrected p99"]);
    for step in steps {
        let times = &step.corrected;
        table.row([
            step.name.clone(),
            units::count(times.count),
            units::time(times.p50_us),
            units::time(times.p90_us),
            units::time(times.p99_us),
            units::time(times.p999_us),
            units::time(times.max_us),
            units::time(step.uncorrected.p99_us),
        ]);
    }
    table.lines()
}

fn peers(report: &PeersReport, lines: &mut Vec<String>) {
    for work in &report.works {
        lines.push(format!("{}: {}", work.name, work.description));
        lines.extend(rows(work, &report.reference));
        lines.push(String::new());
    }
    lines.extend(
        report
            .skipped
            .iter()
            .map(|it| format!("left out: {}: {}", it.peer, it.reason)),
    );
    lines.extend(report.goals.iter().map(|goal| {
        let word = if goal.met { "met   " } else { "MISSED" };
        format!("{word} {}: {}", goal.name, goal.measured)
    }));
}

fn rows(work: &Work, reference: &str) -> Vec<String> {
    let against = format!("÷ {reference}");
    let fixed = format!("p99 at {}", units::rate(work.fixed_rate));
    let mut table = Table::new([
        "peer",
        "CPU each",
        &against,
        "from",
        "to",
        "requests",
        &fixed,
        "peak memory",
        "wrong",
    ]);
    for row in &work.rows {
        table.row([
            row.peer.clone(),
            units::time(row.cpu_us.median),
            units::ratio(row.cpu_ratio.median),
            units::ratio(row.cpu_ratio.min),
            units::ratio(row.cpu_ratio.max),
            units::rate(row.throughput.median),
            units::time(row.p99_us.median),
            units::bytes(row.peak_rss_bytes as f64),
            units::count(row.failed),
        ]);
    }
    table.lines()
}
