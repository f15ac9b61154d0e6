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
    add("latency", "Latency", latency::section(run.told_steps()));
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
        verdict: Some(parts::verdict(header, &proved(&run.totals), &asked_for(run))),
        notes: header.environment.notes.clone(),
        lead: parts::tiles(&tiles(run)),
        sections,
    }
    .render()
}

/// What a passed run has shown. A threshold may allow failures; they are told all the same.
fn proved(totals: &Totals) -> String {
    let Totals {
        failed, dropped, due, ..
    } = *totals;
    if failed + dropped == 0 {
        return "Every answer was right, and every threshold was met.".into();
    }
    format!(
        "Every threshold was met, although {} of {} iterations failed and {} were dropped.",
        units::count(failed),
        units::count(due),
        units::count(dropped)
    )
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
    tiles.extend(run.slowest_step().map(|step| slowest(step, run.told_steps().len() > 1)));
    tiles.push(undone(totals));
    let tested: Vec<_> = run.processes.iter().filter(|process| process.under_test).collect();
    if !tested.is_empty() {
        let names: Vec<_> = tested.iter().map(|process| process.name.as_str()).collect();
        let who = if names.len() > 3 {
            format!("{} processes", names.len())
        } else {
            names.join(", ")
        };
        let cpu = tested.iter().map(|process| process.cpu_us_per_request).sum();
        tiles.push(tile("CPU per request".into(), units::time(cpu), who.clone()));
        let memory: u64 = tested.iter().map(|process| process.peak_rss_bytes).sum();
        tiles.push(tile("Peak memory".into(), units::bytes(memory as f64), who));
    }
    tiles
}

/// What did not end well.
fn undone(totals: &Totals) -> Tile {
    let wrong = totals.failed + totals.dropped;
    let share = units::share(wrong as f64 / totals.due.max(1) as f64);
    let note = if wrong > 0 {
        let (failed, dropped) = (units::count(totals.failed), units::count(totals.dropped));
        format!("{failed} failed, {dropped} dropped: {share} of what was due")
    } else {
        format!("of {} due", units::count(totals.due))
    };
    Tile {
        name: "Failed and dropped".into(),
        value: units::count(wrong),
        note,
        bad: wrong > 0,
    }
}

/// Where there are several steps, the slowest one is what a user remembers.
fn slowest(step: &Step, of_several: bool) -> Tile {
    let Latency {
        count, p50_us, p99_us, ..
    } = step.corrected;
    let (name, whose) = if of_several {
        ("p99, slowest step", format!(" of {}", step.name))
    } else {
        ("p99", String::new())
    };
    let (value, note) = if count > 0 {
        (units::time(p99_us), format!("p50 {}{whose}", units::time(p50_us)))
    } else {
        (units::NONE.into(), "no request was answered".into())
    };
    Tile {
        name: name.into(),
        value,
        note,
        bad: false,
    }
}
