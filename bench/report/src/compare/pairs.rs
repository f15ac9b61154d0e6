//! The figures of a report, and those of two reports side by side.

use super::{Change, Metric, Place, metric::Unit};
use crate::model::*;

struct Figure {
    place: Place,
    metric: Metric,
    value: Spread,
}

/// Every figure that either has, in the order of the second; what only the first has comes last. Reports of different
/// kinds share none.
pub(super) fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let (mut old, new) = match (before, after) {
        (Report::Run(a), Report::Run(b)) => (of_run(a), of_run(b)),
        (Report::Peers(a), Report::Peers(b)) => (of_peers(a), of_peers(b)),
        (Report::Instructions(a), Report::Instructions(b)) => (of_instructions(a), of_instructions(b)),
        _ => return vec![],
    };
    let paired = new.into_iter().map(|Figure { place, metric, value }| {
        let twin = old
            .iter()
            .position(|figure| figure.metric == metric && figure.place == place);
        let before = twin.map(|at| old.remove(at).value);
        Change {
            place,
            metric,
            before,
            after: Some(value),
        }
    });
    let mut changes: Vec<_> = paired.collect();
    changes.extend(old.into_iter().map(|Figure { place, metric, value }| Change {
        place,
        metric,
        before: Some(value),
        after: None,
    }));
    changes
}

/// Collects figures of one place.
struct Figures<'a> {
    place: Place,
    into: &'a mut Vec<Figure>,
}

impl Figures<'_> {
    fn spread(&mut self, metric: Metric, value: Spread) -> &mut Self {
        // A time of nothing was not measured: no samples, or a peer without processes of its own.
        let measured = value.median != 0.0 || !matches!(metric.unit(), Unit::Time | Unit::Ratio);
        if measured && value.median.is_finite() {
            self.into.push(Figure {
                place: self.place.clone(),
                metric,
                value,
            });
        }
        self
    }

    fn one(&mut self, metric: Metric, value: f64) -> &mut Self {
        self.spread(metric, Spread::one(value))
    }
}

fn of_run(run: &RunReport) -> Vec<Figure> {
    let mut all = vec![];
    whole(
        run,
        &mut Figures {
            place: Place::Whole,
            into: &mut all,
        },
    );
    let steps = run.told_steps();
    for step in steps {
        let mut figures = Figures {
            place: Place::Part(step.name.clone()),
            into: &mut all,
        };
        let times = &step.corrected;
        figures
            .one(Metric::P50, times.p50_us)
            .one(Metric::P90, times.p90_us)
            .one(Metric::P95, times.p95_us)
            .one(Metric::P99, times.p99_us)
            .one(Metric::P999, times.p999_us)
            .one(Metric::Max, times.max_us)
            .one(Metric::UncorrectedP99, step.uncorrected.p99_us);
        // With one step they are the whole's.
        if steps.len() > 1 {
            figures.one(Metric::Errors, step.failed as f64);
        }
    }
    for stream in &run.streams {
        Figures {
            place: Place::Part(stream.name.clone()),
            into: &mut all,
        }
        .one(Metric::Delivery, stream.delivery.p99_us)
        .one(Metric::Lost, stream.lost as f64)
        .one(Metric::Missing, stream.expected.saturating_sub(stream.delivered) as f64)
        .one(Metric::Errors, stream.wrong as f64);
    }
    for process in run.processes.iter().filter(|process| process.under_test) {
        Figures {
            place: Place::Part(process.name.clone()),
            into: &mut all,
        }
        .one(Metric::Cpu, process.cpu_us_per_request)
        .one(Metric::Rss, process.peak_rss_bytes as f64)
        .one(
            Metric::RssGrowth,
            process.rss_end_bytes as f64 - process.rss_begin_bytes as f64,
        );
    }
    all
}

fn whole(run: &RunReport, figures: &mut Figures<'_>) {
    let totals = &run.totals;
    figures
        .one(Metric::Throughput, totals.rate)
        .one(Metric::Errors, totals.failed as f64)
        .one(Metric::Dropped, totals.dropped as f64);
    if !run.stages.is_empty() {
        let sustained = run
            .stages
            .iter()
            .filter(|stage| stage.sustained)
            .map(|stage| stage.achieved);
        figures.one(Metric::Sustained, sustained.fold(0.0, f64::max));
    }
    let tested: Vec<_> = run.processes.iter().filter(|process| process.under_test).collect();
    if tested.is_empty() {
        return;
    }
    let sum = |of: fn(&ProcessUse) -> f64| tested.iter().map(|process| of(process)).sum::<f64>();
    figures
        .one(Metric::Cpu, sum(|process| process.cpu_us_per_request))
        .one(Metric::Rss, sum(|process| process.peak_rss_bytes as f64))
        .one(
            Metric::RssGrowth,
            sum(|process| process.rss_end_bytes as f64 - process.rss_begin_bytes as f64),
        );
    let syscalls: Option<f64> = tested.iter().map(|process| process.syscalls_per_request).sum();
    if let Some(syscalls) = syscalls {
        figures.one(Metric::Syscalls, syscalls);
    }
}

fn of_peers(peers: &PeersReport) -> Vec<Figure> {
    let mut all = vec![];
    for (work, row) in peers
        .works
        .iter()
        .flat_map(|work| work.rows.iter().map(move |row| (work, row)))
    {
        let place = Place::Peer {
            work: work.name.clone(),
            peer: row.peer.clone(),
        };
        let mut figures = Figures { place, into: &mut all };
        figures
            .spread(Metric::Cpu, row.cpu_us)
            .spread(Metric::Ratio, row.cpu_ratio)
            .spread(Metric::CpuFixed, row.cpu_us_fixed)
            .spread(Metric::Throughput, row.throughput)
            .spread(Metric::P50, row.p50_us)
            .spread(Metric::P99, row.p99_us)
            .spread(Metric::P999, row.p999_us)
            .one(Metric::Errors, row.failed as f64)
            .one(Metric::Rss, row.peak_rss_bytes as f64);
        for (metric, value) in [
            (Metric::Syscalls, row.syscalls_per_request),
            (Metric::Instructions, row.instructions_per_request),
        ] {
            if let Some(value) = value {
                figures.one(metric, value);
            }
        }
    }
    all
}

fn of_instructions(counts: &Instructions) -> Vec<Figure> {
    let mut all = vec![];
    for entry in &counts.entries {
        let mut figures = Figures {
            place: Place::Part(entry.name.clone()),
            into: &mut all,
        };
        figures.one(Metric::Instructions, entry.instructions);
    }
    all
}
