//! `bench run`: one scenario against one system.

pub(crate) mod sign_in;
mod subject;
mod watcher;

use crate::system::{cpus::Layout, environment, place::Place};
use bench_load::{
    journey::{Journeys, streams::Subscriptions},
    protocol::Target,
    scenario::{Overrides, Scenario, judge, quantity::Speed},
};
use bench_report::{
    model::{Header, Report, RunReport, SCHEMA, Totals, Verdict},
    store::Store,
    terminal,
};
use edge_config::units::TimeSpan;
use shared_stack::{Error, Result};
use std::{
    io::{Write, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use subject::Subject;
use watcher::Watcher;

/// Exit code of a run whose figures may not be believed.
const INVALID: u8 = 3;

/// How long nothing more may arrive before an event counts as missing.
const ARRIVAL: Duration = Duration::from_secs(2);

/// What to run, and what to change about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A scenario's name (`bench/scenarios/NAME.yaml`), or a file.
    scenario: String,
    /// Iterations per second (`500`, `500/s`), or `max` for as many as the clients can do.
    #[arg(long, value_parser = speed)]
    rate: Option<Speed>,
    /// How long to measure: `30s`, `2m`.
    #[arg(long)]
    duration: Option<TimeSpan>,
    /// How long to run before that.
    #[arg(long)]
    warmup: Option<TimeSpan>,
    /// Clients, each with a connection of its own (HTTP/2: a stream).
    #[arg(long, visible_alias = "clients")]
    connections: Option<u32>,
    /// Keep the report as bench/results/NAME.json and .html.
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Something that is up already, in the place of what the scenario starts.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// A built edge, in the place of a fresh release build.
    #[arg(long, value_name = "FILE")]
    edge: Option<PathBuf>,
    /// Decides what chance decides.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Generator threads.
    #[arg(long, default_value_t = 1)]
    threads: u32,
}

/// `500` is `500/s` here: a command line has no other unit for it.
fn speed(text: &str) -> Result<Speed, String> {
    let per_second = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    if per_second {
        format!("{text}/s").parse()
    } else {
        text.parse()
    }
}

/// Runs it.
///
/// # Errors
/// The scenario is wrong, or the system does not start.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let place = Place::open()?;
    let file = find(&place.root, &args.scenario)?;
    let scenario = Scenario::load(&file, &|name| std::env::var(name).ok()).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Error::new(format!("{}\n{} cannot be used", lines.join("\n"), file.display()))
    })?;
    let layout = Layout::of_this_machine();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(format!("cannot start a runtime: {error}")))?;
    let wanted = subject::Wanted {
        target: args.target.as_deref(),
        edge: args.edge.as_deref(),
        layout: &layout,
        seed: args.seed,
    };
    let subject = runtime.block_on(Subject::start(&place, &scenario, &wanted))?;
    let report = measure(&place, &scenario, &subject, args, &layout)?;
    conclude(&place, report, args.save.as_deref())
}

/// The file of a scenario's name, or the file itself.
fn find(root: &Path, name: &str) -> Result<PathBuf> {
    let scenarios = root.join("bench/scenarios");
    let named = scenarios.join(format!("{name}.yaml"));
    if named.is_file() {
        return Ok(named);
    }
    let file = PathBuf::from(name);
    if file.is_file() {
        return Ok(file);
    }
    let known = std::fs::read_dir(&scenarios).into_iter().flatten().flatten();
    let mut known: Vec<String> = known
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".yaml")?.to_owned()))
        .collect();
    known.sort();
    Err(Error::new(format!("there is no scenario and no file `{name}`")).cure(format!("one of {}", known.join(", "))))
}

fn measure(place: &Place, scenario: &Scenario, subject: &Subject, args: &Args, layout: &Layout) -> Result<RunReport> {
    let unusable = |error: &dyn std::fmt::Display| Error::new(error.to_string());
    let target = Target::parse(&subject.target).map_err(|error| unusable(&error))?;
    let journeys = Journeys::new(scenario, &target, &subject.data, args.seed).map_err(|error| unusable(&error))?;
    let overrides = Overrides {
        rate: args.rate,
        duration: args.duration.map(|span| span.0),
        warmup: args.warmup.map(|span| span.0),
        clients: args.connections,
        seed: args.seed,
    };
    let mut plan = scenario.plan(&overrides);
    plan.threads = args.threads;
    if let Some(cpus) = &layout.generator {
        plan.processors = cpus.numbers().to_vec();
    }
    let started_at = environment::now();
    let journeys = Arc::new(journeys);
    let processor = plan.processors.first().copied();
    let subscriptions = Subscriptions::open(&journeys, processor).map_err(|error| unusable(&error))?;
    let climb = scenario.climb(&overrides);
    let mut watcher = Watcher::new(subject, place, &scenario.actions, climb, &subscriptions);
    let mut measured = bench_load::run::run(&journeys, plan, &mut watcher).map_err(|error| unusable(&error))?;
    let ramp = watcher.conclude(&mut measured.stages);
    let (used, troubles) = watcher.complete(&mut measured.timeline, measured.begun);
    let heard = subscriptions.finish(measured.begun, ARRIVAL);
    measured.errors.extend(heard.errors);
    measured.load.protocol = scenario.protocol.name().to_owned();
    measured.load.target = subject.target.clone();
    let profile = environment::profile(args.target.as_deref(), args.edge.as_deref());
    let mut environment = environment::facts(&place.root, profile, layout);
    environment.notes.append(&mut measured.notes);
    let requests = in_time(&measured.totals, measured.load.duration_s);
    let mut steps = vec![measured.overall];
    steps.append(&mut measured.steps);
    let mut report = RunReport {
        header: Header {
            schema: SCHEMA,
            title: scenario.name.clone(),
            description: scenario.description.clone(),
            command: environment::command_line(),
            started_at,
            environment,
            verdict: Verdict::default(),
        },
        load: measured.load,
        totals: measured.totals,
        steps,
        streams: heard.streams,
        timeline: measured.timeline,
        stages: measured.stages,
        ramp,
        errors: measured.errors,
        generator: measured.generator,
        processes: used.iter().map(|used| used.by_request(requests)).collect(),
        thresholds: Vec::new(),
    };
    report.thresholds = judge(&scenario.thresholds, &report);
    report.header.verdict = verdict(&report, measured.invalid, &troubles);
    Ok(report)
}

/// Requests that were answered before the schedule ended, as the accounts of the processes end then. All of them but for a
/// backlog that was worked off later.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts far below 2^53"
)]
fn in_time(totals: &Totals, duration_s: f64) -> u64 {
    let all = totals.completed as f64;
    let share = if all > 0.0 { totals.rate * duration_s / all } else { 1.0 };
    (totals.requests as f64 * share.min(1.0)).round() as u64
}

/// Invalid is worse than failed: such figures are not even bad news.
fn verdict(report: &RunReport, invalid: Vec<String>, troubles: &[String]) -> Verdict {
    let valid = invalid.is_empty();
    let mut reasons = invalid;
    reasons.extend_from_slice(troubles);
    let broken = report.thresholds.iter().filter(|threshold| !threshold.met);
    reasons.extend(broken.map(|it| format!("{} is {}, and must be {}", it.metric, it.measured, it.bound)));
    Verdict {
        valid,
        passed: reasons.is_empty(),
        reasons,
    }
}

fn conclude(place: &Place, report: RunReport, save: Option<&str>) -> Result<ExitCode> {
    let verdict = report.header.verdict.clone();
    let report = Report::Run(Box::new(report));
    // Where standard output is gone the exit code still tells.
    let _ = writeln!(stdout(), "{}", terminal::report(&report));
    if let Some(name) = save {
        let store = Store::new(place.root.join("bench"));
        let saved = store
            .save(&report, name)
            .map_err(|error| Error::new(error.to_string()))?;
        let _ = writeln!(stdout(), "saved {} and {}", saved.json.display(), saved.html.display());
    }
    Ok(match (verdict.valid, verdict.passed) {
        (false, _) => ExitCode::from(INVALID),
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_worked_off_after_the_end_is_not_in_the_accounts() {
        let totals = |completed| Totals {
            completed,
            requests: 2 * completed,
            rate: 100.0,
            ..Totals::default()
        };
        assert_eq!(in_time(&totals(1_000), 10.0), 2_000);
        assert_eq!(in_time(&totals(4_000), 10.0), 2_000);
        assert_eq!(in_time(&totals(0), 10.0), 0);
    }

    #[test]
    fn a_bare_number_is_a_rate_by_second() {
        assert_eq!(speed("500"), Ok(Speed::PerSecond(500.0)));
        assert_eq!(speed("30/m"), Ok(Speed::PerSecond(0.5)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        assert!(speed("fast").is_err() && speed("").is_err() && speed("0").is_err());
    }
}
