//! A report against the bounds.

use super::{
    Delivery, Figure, Metric, Threshold, Thresholds,
    bound::{Bound, Unit},
};
use bench_report::{
    model::{self, Latency, ProcessUse, RunReport},
    units,
};

/// Kinds of failure that tell a wrong answer, not a missing or a refused one.
const WRONG: [&str; 8] = [
    "header",
    "body",
    "json",
    "count",
    "stale",
    "truncated",
    "event",
    "protocol",
];

/// Judges a run. What could not be measured is not met.
pub fn judge(thresholds: &Thresholds, report: &RunReport) -> Vec<model::Threshold> {
    let all = thresholds.complete(!report.streams.is_empty());
    all.iter().map(|threshold| judge_one(threshold, report)).collect()
}

fn judge_one(threshold: &Threshold, report: &RunReport) -> model::Threshold {
    let Threshold { name, metric, bound } = threshold;
    let figure = measure(metric, bound, report);
    let measured = match figure {
        Some(Measured { value, text }) => (text, bound.is_kept_by(value)),
        None => ("not measured".to_owned(), false),
    };
    model::Threshold {
        metric: name.clone(),
        bound: bound.text.clone(),
        measured: measured.0,
        met: measured.1,
    }
}

/// A figure in its bound's base, and as a person reads it.
struct Measured {
    value: f64,
    text: String,
}

fn measure(metric: &Metric, bound: &Bound, report: &RunReport) -> Option<Measured> {
    let totals = &report.totals;
    match metric {
        Metric::Time {
            step,
            corrected,
            figure,
        } => {
            let steps = report
                .steps
                .iter()
                .filter(|own| step.as_ref().is_none_or(|name| *name == own.name));
            let times = steps.map(|step| if *corrected { &step.corrected } else { &step.uncorrected });
            slowest(times, *figure).map(time)
        }
        Metric::Errors(None) => Some(number_or_share(totals.failed, totals.due, bound)),
        Metric::Errors(Some(kind)) => Some(number_or_share(errors(report, |own| own == kind), totals.due, bound)),
        Metric::Wrong => Some(number_or_share(
            errors(report, |own| WRONG.contains(&own)),
            totals.due,
            bound,
        )),
        Metric::Dropped => Some(number_or_share(totals.dropped, totals.due, bound)),
        Metric::Rate if bound.unit == Unit::Share => {
            let asked = totals.due as f64 / report.load.duration_s;
            (asked > 0.0).then(|| share(totals.rate / asked))
        }
        Metric::Rate => Some(rate(totals.rate)),
        Metric::Sustained => (!report.stages.is_empty()).then(|| rate(report.held().map_or(0.0, |stage| stage.rate))),
        Metric::Delivery { stream, figure } => delivery(stream.as_deref(), *figure, bound, report),
        Metric::Cpu(process) => {
            let all = processes(process.as_deref(), report)?;
            Some(time(all.iter().map(|process| process.cpu_us_per_request).sum()))
        }
        Metric::Rss(process) => {
            let all = processes(process.as_deref(), report)?;
            Some(bytes(
                all.iter().map(|process| process.peak_rss_bytes).sum::<u64>() as f64
            ))
        }
        Metric::RssGrowth(process) => {
            let all = processes(process.as_deref(), report)?;
            let begin = all.iter().map(|process| process.rss_begin_bytes).sum::<u64>() as f64;
            let growth = all.iter().map(|process| process.rss_end_bytes).sum::<u64>() as f64 - begin;
            if bound.unit == Unit::Bytes {
                return Some(bytes(growth));
            }
            (begin > 0.0).then(|| Measured {
                value: growth / begin,
                text: units::change(growth / begin * 100.0),
            })
        }
    }
}

fn delivery(name: Option<&str>, figure: Delivery, bound: &Bound, report: &RunReport) -> Option<Measured> {
    let streams = || {
        report
            .streams
            .iter()
            .filter(|stream| name.is_none_or(|name| name == stream.name))
    };
    streams().next()?;
    let sum = |of: fn(&model::Stream) -> u64| streams().map(of).sum::<u64>();
    let expected = sum(|stream| stream.expected);
    match figure {
        Delivery::Time(figure) => slowest(streams().map(|stream| &stream.delivery), figure).map(time),
        Delivery::Missing => {
            let missing = sum(|stream| stream.expected.saturating_sub(stream.delivered));
            Some(number_or_share(missing, expected, bound))
        }
        Delivery::Wrong => Some(number_or_share(sum(|stream| stream.wrong), expected, bound)),
        Delivery::Lost => Some(number_or_share(
            sum(|stream| stream.lost),
            sum(|stream| stream.opened),
            bound,
        )),
    }
}

/// The largest figure of several distributions; of those with samples.
fn slowest<'a>(times: impl Iterator<Item = &'a Latency>, figure: Figure) -> Option<f64> {
    let of = |times: &Latency| match figure {
        Figure::P50 => times.p50_us,
        Figure::P90 => times.p90_us,
        Figure::P95 => times.p95_us,
        Figure::P99 => times.p99_us,
        Figure::P999 => times.p999_us,
        Figure::Mean => times.mean_us,
        Figure::Max => times.max_us,
    };
    times.filter(|times| times.count > 0).map(of).reduce(f64::max)
}

fn errors(report: &RunReport, fits: impl Fn(&str) -> bool) -> u64 {
    report
        .errors
        .iter()
        .filter(|error| fits(&error.kind))
        .map(|error| error.count)
        .sum()
}

/// One by name, or all that are under test; none of either is `None`.
fn processes<'a>(name: Option<&str>, report: &'a RunReport) -> Option<Vec<&'a ProcessUse>> {
    let fits = |process: &&ProcessUse| name.map_or(process.under_test, |name| name == process.name);
    let all: Vec<_> = report.processes.iter().filter(fits).collect();
    (!all.is_empty()).then_some(all)
}

fn number_or_share(count: u64, of: u64, bound: &Bound) -> Measured {
    match bound.unit {
        Unit::Share => share(if of == 0 { 0.0 } else { count as f64 / of as f64 }),
        _ => Measured {
            value: count as f64,
            text: units::count(count),
        },
    }
}

fn share(value: f64) -> Measured {
    Measured {
        value,
        text: units::share(value),
    }
}

fn time(us: f64) -> Measured {
    Measured {
        value: us,
        text: units::time(us),
    }
}

fn rate(value: f64) -> Measured {
    Measured {
        value,
        text: units::rate(value),
    }
}

fn bytes(value: f64) -> Measured {
    Measured {
        value,
        text: units::bytes(value),
    }
}
