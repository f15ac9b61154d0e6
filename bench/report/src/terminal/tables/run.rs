//! A run as text.

use super::{super::table::Table, spaced};
use crate::{model::*, units};

/// Kinds of errors that are shown; a saved report has them all.
const ERRORS: usize = 10;

pub(super) fn lines(report: &RunReport) -> Vec<String> {
    spaced([
        asked_and_done(report),
        times(report.told_steps()),
        stages(&report.stages),
        report
            .ramp
            .iter()
            .map(|found| ramp(found, report.load.duration_s))
            .collect(),
        streams(&report.streams),
        processes(&report.processes),
        vec![generator(&report.generator)],
        marks(&report.timeline),
        errors(&report.errors),
        report.thresholds.iter().map(threshold).collect(),
    ])
}

fn asked_and_done(report: &RunReport) -> Vec<String> {
    let (load, totals) = (&report.load, &report.totals);
    let asked = report.rate_asked().unwrap_or_else(|| "as fast as it goes".to_owned());
    vec![
        format!(
            "{}: {asked}, {} clients, {} over {} to {}",
            report.header.title,
            load.clients,
            units::duration(load.duration_s),
            load.protocol,
            load.target
        ),
        format!(
            "{} due, {} completed ({}), {} failed, {} dropped",
            units::count(totals.due),
            units::count(totals.completed),
            units::rate(totals.rate),
            units::count(totals.failed),
            units::count(totals.dropped)
        ),
    ]
}

/// Corrected times, and those a load tester with coordinated omission would have shown beside them.
fn times(steps: &[Step]) -> Vec<String> {
    let mut table = Table::new(["step", "count", "p50", "p90", "p99", "p99.9", "max", "uncorrected p99"]);
    for step in steps {
        let times = &step.corrected;
        table.row([
            step.name.clone(),
            units::count(times.count),
            time(times, times.p50_us),
            time(times, times.p90_us),
            time(times, times.p99_us),
            time(times, times.p999_us),
            time(times, times.max_us),
            time(&step.uncorrected, step.uncorrected.p99_us),
        ]);
    }
    table.lines()
}

/// A time of a distribution, if there is one.
fn time(of: &Latency, us: f64) -> String {
    if of.count > 0 {
        units::time(us)
    } else {
        units::NONE.into()
    }
}

fn stages(stages: &[Stage]) -> Vec<String> {
    let mut table = Table::new(["stage", "achieved", "p50", "p99", "failed", "sustained"]);
    for stage in stages {
        table.row([
            units::rate(stage.rate),
            units::rate(stage.achieved),
            time(&stage.corrected, stage.corrected.p50_us),
            time(&stage.corrected, stage.corrected.p99_us),
            units::count(stage.failed),
            if stage.sustained { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    table.lines()
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

fn streams(streams: &[Stream]) -> Vec<String> {
    let mut table = Table::new([
        "stream",
        "opened",
        "lost",
        "expected",
        "delivered",
        "missing",
        "wrong",
        "p50",
        "p99",
    ]);
    for stream in streams {
        table.row([
            stream.name.clone(),
            units::count(stream.opened),
            units::count(stream.lost),
            units::count(stream.expected),
            units::count(stream.delivered),
            units::count(stream.expected.saturating_sub(stream.delivered)),
            units::count(stream.wrong),
            time(&stream.delivery, stream.delivery.p50_us),
            time(&stream.delivery, stream.delivery.p99_us),
        ]);
    }
    table.lines()
}

fn processes(processes: &[ProcessUse]) -> Vec<String> {
    let mut table = Table::new(["process", "CPU", "CPU per request", "peak memory", "at begin", "at end"]);
    for process in processes {
        table.row([
            process.name.clone(),
            units::duration(process.cpu_s),
            units::time(process.cpu_us_per_request),
            units::bytes(process.peak_rss_bytes as f64),
            units::bytes(process.rss_begin_bytes as f64),
            units::bytes(process.rss_end_bytes as f64),
        ]);
    }
    table.lines()
}

/// The generator's own conduct: what it did to the figures.
fn generator(generator: &Generator) -> String {
    format!(
        "generator: lag p99 {} (bound {}), CPU {}, threads {}",
        time(&generator.lag, generator.lag.p99_us),
        units::time(generator.lag_bound_us),
        units::share(generator.cpu),
        generator.threads
    )
}

/// What the scenario did.
fn marks(timeline: &[Second]) -> Vec<String> {
    let marks = timeline
        .iter()
        .flat_map(|second| second.marks.iter().map(|mark| (second.at_s, mark)));
    marks
        .map(|(at_s, mark)| format!("at {} {mark}", units::clock(at_s)))
        .collect()
}

fn errors(errors: &[ErrorCount]) -> Vec<String> {
    let shown = errors.iter().take(ERRORS).map(|error| {
        let count = units::count(error.count);
        format!("error {count} × {} in {}: {}", error.kind, error.step, error.example)
    });
    let more = errors.len().saturating_sub(ERRORS);
    let more = (more > 0).then(|| format!("and {more} more kinds of errors"));
    shown.chain(more).collect()
}

fn threshold(threshold: &Threshold) -> String {
    let word = if threshold.met { "met   " } else { "MISSED" };
    let Threshold {
        metric,
        bound,
        measured,
        ..
    } = threshold;
    format!("{word} {metric}: {measured}, bound {bound}")
}
