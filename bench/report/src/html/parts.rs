//! What several pages show alike.

use super::shell::{Section, Tone, Verdict};
use crate::{
    model::{Environment, Header, ProcessUse, Spread},
    units,
};
use maud::{Markup, html};

/// A table in a box that scrolls by itself where it is too wide, also by keyboard.
#[allow(clippy::needless_pass_by_value, reason = "markup is written in place at each call")]
pub(super) fn table(label: &str, content: Markup) -> Markup {
    html! {
        div class="scroll" role="region" aria-label=(label) tabindex="0" { table { (content) } }
    }
}

/// One headline figure.
pub(super) struct Tile {
    pub(super) name: String,
    pub(super) value: String,
    /// What to hold it against.
    pub(super) note: String,
    pub(super) bad: bool,
}

/// Headline figures beside each other.
pub(super) fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        dl class="tiles" {
            @for tile in tiles {
                div class=[tile.bad.then_some("bad")] {
                    dt { (tile.name) }
                    dd class="figure" { (tile.value) }
                    dd class="note" { (tile.note) }
                }
            }
        }
    }
}

/// A word with its colour, for cells.
pub(super) fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// `met` or `missed`.
pub(super) fn met(met: bool) -> Markup {
    if met {
        badge(Tone::Good, "met")
    } else {
        badge(Tone::Bad, "missed")
    }
}

/// A median, and below it the rounds' extremes.
pub(super) fn spread(spread: Spread, show: fn(f64) -> String) -> Markup {
    html! {
        @if spread.median > 0.0 {
            (show(spread.median))
            @if spread.max > spread.min {
                " " span class="range" { (show(spread.min)) " – " (show(spread.max)) }
            }
        } @else { (units::NONE) }
    }
}

/// The verdict of a report's header.
pub(super) fn verdict(header: &Header, whole: &str) -> Verdict {
    let (tone, summary) = match (header.verdict.valid, header.verdict.passed) {
        (false, _) => (
            Tone::Void,
            "The generator could not keep its own schedule, so the figures below say nothing about the system.".into(),
        ),
        (true, false) => (
            Tone::Bad,
            format!("The figures may be believed, and they are not good enough. {whole}"),
        ),
        (true, true) => (
            Tone::Good,
            format!("Every answer was right, and every threshold was met. {whole}"),
        ),
    };
    Verdict {
        tone,
        word: header.verdict.word().into(),
        summary: summary.trim_end().into(),
        reasons: header.verdict.reasons.clone(),
    }
}

/// When, at which commit, on what: one line under the title.
pub(super) fn facts(header: &Header) -> Vec<String> {
    let environment = &header.environment;
    let mut facts = vec![header.started_at.clone()];
    facts.extend((!environment.commit.is_empty()).then(|| format!("commit {}", environment.commit)));
    facts.extend((!environment.profile.is_empty()).then(|| environment.profile.clone()));
    facts.extend((!environment.cpu.is_empty()).then(|| format!("{} × {}", environment.cores, environment.cpu)));
    facts
}

/// How to make the report again, and where it was made.
pub(super) fn provenance(header: &Header) -> Vec<Section> {
    vec![
        Section::new("command", "Command", command(&header.command)),
        Section::new("environment", "Environment", environment(&header.environment)),
    ]
}

/// A command to copy.
pub(super) fn command(command: &str) -> Markup {
    html! {
        p { "Makes this report again:" }
        pre tabindex="0" { code { (command) } }
    }
}

fn environment(environment: &Environment) -> Markup {
    let memory = units::bytes(environment.memory_bytes as f64);
    let rows = [
        ("Processor", environment.cpu.as_str()),
        ("Memory", &memory),
        ("System", &environment.os),
        ("Kernel", &environment.kernel),
        ("Compiler", &environment.rustc),
        ("Commit", &environment.commit),
        ("Profile", &environment.profile),
    ];
    html! {
        dl class="pairs" {
            @for (name, value) in rows {
                @if !value.is_empty() {
                    div {
                        dt { (name) }
                        dd { (value) @if name == "Processor" { ", " (environment.cores) " online" } }
                    }
                }
            }
        }
        @if !environment.notes.is_empty() {
            h3 { "Worth knowing" }
            ul { @for note in &environment.notes { li { (note) } } }
        }
    }
}

/// What processes used.
pub(super) fn processes(label: &str, processes: &[ProcessUse]) -> Markup {
    let counted = processes.iter().any(|process| process.syscalls_per_request.is_some());
    let size = |bytes: u64| {
        if bytes > 0 {
            units::bytes(bytes as f64)
        } else {
            units::NONE.into()
        }
    };
    table(
        label,
        html! {
            thead { tr {
                th scope="col" { "Process" }
                th scope="col" { "CPU" }
                th scope="col" { "CPU a request" }
                th scope="col" { "Peak memory" }
                th scope="col" { "Begin → end" }
                @if counted { th scope="col" { "System calls a request" } }
            } }
            tbody {
                @for process in processes {
                    tr class=[process.under_test.then_some("own")] {
                        th scope="row" { (process.name) @if process.under_test { " " span class="tag" { "under test" } } }
                        td { (units::duration(process.cpu_s)) }
                        td { (units::time(process.cpu_us_per_request)) }
                        td { (size(process.peak_rss_bytes)) }
                        td { (size(process.rss_begin_bytes)) " → " (size(process.rss_end_bytes)) }
                        @if counted { td { (process.syscalls_per_request.map_or(units::NONE.into(), units::number)) } }
                    }
                }
            }
        },
    )
}
