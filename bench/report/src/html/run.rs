//! The page of a run.

mod latency;
mod load;
mod system;

use super::{
    parts::{self, Tile},
    shell::{Page, Section},
};
use crate::{model::*, units};
use maud::Markup;

pub(super) fn page(run: &RunReport) -> Markup {
    let mut sections = vec![];
    let mut add = |id: &str, title: &str, content: Option<Markup>| {
        sections.extend(content.map(|content| Section::new(id, title, content)));
    };
    add("thresholds", "Thresholds", load::thresholds(&run.thresholds));
    add("latency", "Latency", latency::section(&run.steps));
    add("timeline", "Timeline", load::over_time(&run.timeline));
    add("ramp", "Ramp", load::stages(run));
    add("streams", "Streams", latency::streams(&run.streams));
    add("errors", "Errors", Some(system::errors(&run.errors, &run.totals)));
    add("resources", "Resources", system::resources(&run.processes));
    add("generator", "Generator", Some(system::generator(&run.generator)));
    sections.extend(parts::provenance(&run.header));
    let header = &run.header;
    Page {
        kind: "run",
        title: header.title.clone(),
        description: header.description.clone(),
        facts: parts::facts(header),
        verdict: Some(parts::verdict(header, &asked_for(run))),
        lead: parts::tiles(&tiles(run)),
        sections,
    }
    .render()
}

/// The load in a sentence.
fn asked_for(run: &RunReport) -> String {
    let load = &run.load;
    let rate = match run.rate_asked() {
        Some(rate) => format!("open loop, {rate} due"),
        None => format!("{} loop, as fast as answers come", load.mode),
    };
    let warmup = match load.warmup_s {
        s if s > 0.0 => format!(" after {} of warm-up", units::duration(s)),
        _ => String::new(),
    };
    format!(
        "Load: {rate} for {}{warmup}, {} clients, {} to {}.",
        units::duration(load.duration_s),
        units::count(load.clients.into()),
        load.protocol,
        load.target
    )
}

fn tiles(run: &RunReport) -> Vec<Tile> {
    let totals = &run.totals;
    let tile = |name: String, value: String, note: String| Tile {
        name,
        value,
        note,
        bad: false,
    };
    let due = match run.load.rate {
        Some(_) if run.stages.is_empty() => {
            format!("{} of {} due", units::count(totals.completed), units::count(totals.due))
        }
        _ => format!("{} done", units::count(totals.completed)),
    };
    let mut tiles = vec![tile("Throughput".into(), units::rate(totals.rate), due)];
    // Where there are several steps, the slowest one is what a user remembers.
    let slowest = run
        .steps
        .iter()
        .max_by(|a, b| a.corrected.p99_us.total_cmp(&b.corrected.p99_us));
    if let Some(step) = slowest {
        let whose = if run.steps.len() > 1 {
            format!(" of {}, the slowest step", step.name)
        } else {
            String::new()
        };
        let name = if run.steps.len() > 1 {
            "p99, slowest step"
        } else {
            "p99"
        };
        let p50 = units::time(step.corrected.p50_us);
        tiles.push(tile(
            name.into(),
            units::time(step.corrected.p99_us),
            format!("p50 {p50}{whose}"),
        ));
    }
    let wrong = totals.failed + totals.dropped;
    tiles.push(Tile {
        name: "Failed and dropped".into(),
        value: units::count(wrong),
        note: format!(
            "{} of what was due",
            units::share(wrong as f64 / totals.due.max(1) as f64)
        ),
        bad: wrong > 0,
    });
    let tested: Vec<_> = run.processes.iter().filter(|process| process.under_test).collect();
    if !tested.is_empty() {
        let names: Vec<_> = tested.iter().map(|process| process.name.as_str()).collect();
        let who = if names.len() > 3 {
            format!("{} processes", names.len())
        } else {
            names.join(", ")
        };
        let cpu = tested.iter().map(|process| process.cpu_us_per_request).sum();
        tiles.push(tile("CPU a request".into(), units::time(cpu), who.clone()));
        let memory: u64 = tested.iter().map(|process| process.peak_rss_bytes).sum();
        tiles.push(tile("Peak memory".into(), units::bytes(memory as f64), who));
    }
    tiles
}
