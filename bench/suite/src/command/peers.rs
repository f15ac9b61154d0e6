//! `bench peers`: proxies at the same work, side by side.

use crate::{
    peers::{self, Goal, Peer, Wanted, Work},
    system::place,
};
use bench_report::{
    model::{PeersReport, Report},
    store::Store,
};
use clap::Args as Arguments;
use edge_config::units::TimeSpan;
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// What to compare.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Who takes part; missing ones are installed, or left out with the reason.
    #[arg(
        value_delimiter = ',',
        default_value = "direct,edge,pingora,haproxy,nginx,envoy,caddy,pingap,express"
    )]
    peers: Vec<Peer>,
    /// How often each peer has its share.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measured time of each part: `5s`, `500ms`.
    #[arg(long, default_value = "5s")]
    duration: TimeSpan,
    /// What they are asked.
    #[arg(long, value_delimiter = ',', default_value = "pass-through,admitted")]
    work: Vec<Work>,
    /// Requests per second where times are measured: below every peer's saturation.
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Clients, each with a connection and an address of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Keep the report by this name, as JSON and as a page.
    #[arg(long)]
    save: Option<String>,
    /// A built edge instead of a fresh release build.
    #[arg(long)]
    edge: Option<PathBuf>,
    /// Fail where a bound on CPU by request is not kept: `admitted:edge/haproxy<=1.25`. Repeatable.
    #[arg(long)]
    fail_on: Vec<Goal>,
}

/// Compares, shows and keeps.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let report = peers::compare(&Wanted {
        peers: args.peers.clone(),
        works: args.work.clone(),
        rounds: args.rounds,
        effort: peers::Effort {
            duration: *args.duration,
            warmup: (*args.duration / 4).min(Duration::from_secs(2)),
            clients: args.clients,
            rate: args.rate,
        },
        edge: args.edge.clone(),
        goals: args.fail_on.clone(),
    })?;
    show(&report);
    let verdict = report.header.verdict.clone();
    if let Some(name) = &args.save {
        let store = Store::new(place::root()?.join("bench"));
        let saved = store.save(&Report::Peers(Box::new(report)), name);
        let saved = saved.map_err(|error| Error::new(error.to_string()))?;
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(stderr(), "kept: {} and {}", saved.json.display(), saved.html.display());
    }
    Ok(ExitCode::from(match (verdict.valid, verdict.passed) {
        (false, _) => 3,
        (true, false) => 1,
        (true, true) => 0,
    }))
}

/// The figures a person looks at first; the rest stands in the kept report.
pub(crate) fn show(report: &PeersReport) {
    let mut text = String::new();
    for work in &report.works {
        text.push_str(&format!(
            "\n{}  (CPU µs/request and requests/s saturated, times at {:.0}/s)\n{:<9}{:>9}{:>15}{:>8}{:>10}{:>9}{:>9}{:>9}{:>8}{:>9}\n",
            work.name, work.fixed_rate, "", "CPU µs", "spread", "ratio", "req/s", "p50 µs", "p99 µs", "p99.9", "MiB", "syscalls"
        ));
        for row in &work.rows {
            let spread = format!("{:.1}–{:.1}", row.cpu_us.min, row.cpu_us.max);
            let calls = row
                .syscalls_per_request
                .map_or_else(|| "-".to_owned(), |calls| format!("{calls:.1}"));
            text.push_str(&format!(
                "{:<9}{:>9.1}{:>15}{:>8.2}{:>10.0}{:>9.0}{:>9.0}{:>9.0}{:>8.1}{:>9}\n",
                row.peer,
                row.cpu_us.median,
                spread,
                row.cpu_ratio.median,
                row.throughput.median,
                row.p50_us.median,
                row.p99_us.median,
                row.p999_us.median,
                mebibytes(row.peak_rss_bytes),
                calls,
            ));
        }
    }
    let skipped = report
        .skipped
        .iter()
        .map(|skipped| format!("left out: {}: {}", skipped.peer, skipped.reason));
    let notes = report
        .header
        .environment
        .notes
        .iter()
        .map(|note| format!("note: {note}"));
    let reasons = report
        .header
        .verdict
        .reasons
        .iter()
        .map(|reason| format!("because {reason}"));
    for line in skipped
        .chain(notes)
        .chain([report.header.verdict.word().to_owned()])
        .chain(reasons)
    {
        text.push_str(&line);
        text.push('\n');
    }
    // Where standard output is gone there is nobody to show it to.
    let _ = stdout().write_all(text.as_bytes());
}

#[allow(clippy::cast_precision_loss, reason = "for a person")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
