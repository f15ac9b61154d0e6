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
    // A note of more than a few words wants more room than a figure.
    let broad = tiles.iter().any(|tile| tile.note.len() > 80);
    html! {
        dl class={ "tiles" @if broad { " broad" } } {
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

/// A name that may break where its parts meet, and not within one.
pub(super) fn name(text: &str) -> Markup {
    html! { @for part in text.split_inclusive(['.', '_', ':', '/']) { (part) wbr; } }
}

/// A word with its colour, for cells.
pub(super) fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// The first word where it is so, the second where it is not.
pub(super) fn whether(so: bool, words: [&str; 2]) -> Markup {
    if so {
        badge(Tone::Good, words[0])
    } else {
        badge(Tone::Bad, words[1])
    }
}

/// Rounds' extremes, in small.
pub(super) fn extremes(spread: Spread, show: impl Fn(f64) -> String) -> Markup {
    html! {
        @if spread.max > spread.min {
            " " span class="range" { (units::range(spread.min, spread.max, show)) }
        }
    }
}

/// A median, and below it the rounds' extremes.
pub(super) fn spread(spread: Spread, show: fn(f64) -> String) -> Markup {
    html! {
        @if spread.median > 0.0 {
            (show(spread.median)) (extremes(spread, show))
        } @else { (units::NONE) }
    }
}

/// The verdict of a report's header. `good` is what a passed one has proved, `whole` how it was measured.
pub(super) fn verdict(header: &Header, good: &str, whole: &str) -> Verdict {
    let (tone, summary) = match (header.verdict.valid, header.verdict.passed) {
        (false, _) => (
            Tone::Void,
            "The generator could not keep its own schedule, so the figures below say nothing about the system.",
        ),
        (true, false) => (Tone::Bad, "The figures may be believed, and they are not good enough."),
        (true, true) => (Tone::Good, good),
    };
    Verdict {
        tone,
        word: header.verdict.word().into(),
        summary: format!("{summary} {whole}"),
        reasons: header.verdict.reasons.clone(),
    }
}

/// When, at which commit, on what: one line under the title.
pub(super) fn facts(header: &Header) -> Vec<String> {
    let environment = &header.environment;
    let mut facts = vec![units::moment(&header.started_at)];
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
        // Word by word, so that none is broken at its hyphens.
        pre { code { @for word in command.split_inclusive(' ') { span { (word.trim_end()) } @if word.ends_with(' ') { " " } } } }
    }
}

/// Where a report was made; what it does not say is left out.
pub(super) fn environment(environment: &Environment) -> Markup {
    let memory = match environment.memory_bytes {
        0 => String::new(),
        bytes => units::bytes(bytes as f64),
    };
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
                th scope="col" { "CPU per request" }
                th scope="col" { "Peak memory" }
                th scope="col" { "Begin → end" }
                @if counted { th scope="col" { "System calls per request" } }
            } }
            @for (title, under_test) in [("Under test", true), ("Around it", false)] {
                @let group: Vec<_> = processes.iter().filter(|process| process.under_test == under_test).collect();
                @if !group.is_empty() {
                    tbody {
                        tr class="group" { th scope="rowgroup" colspan=(if counted { "6" } else { "5" }) { (title) } }
                        @for process in group {
                            tr {
                                th scope="row" { (name(&process.name)) }
                                td { (units::duration(process.cpu_s)) }
                                td { (units::time(process.cpu_us_per_request)) }
                                td { (size(process.peak_rss_bytes)) }
                                td { (size(process.rss_begin_bytes)) " → " (size(process.rss_end_bytes)) }
                                @if counted { td { (process.syscalls_per_request.map_or(units::NONE.into(), units::number)) } }
                            }
                        }
                    }
                }
            }
        },
    )
}
