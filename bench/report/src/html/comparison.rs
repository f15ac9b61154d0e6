//! The page of a comparison: may they be compared, do the rules hold, what changed.

use super::{
    parts::{self, Tile, badge, extremes, name, table, whether},
    shell::{Page, Section, Tone, Verdict},
};
use crate::{
    compare::{Change, Comparison, Difference, Judgement, NOISE_PERCENT, Outcome, Side},
    model::Spread,
    units,
};
use maud::{Markup, html};

pub(super) fn page(comparison: &Comparison) -> Markup {
    let mut sections = vec![];
    if !comparison.comparable() {
        let content = differences("Why they are not comparable", &comparison.obstacles);
        sections.push(Section::new("obstacles", "Not comparable", content));
    }
    if !comparison.outcomes.is_empty() {
        sections.push(Section::new("rules", "Rules", rules(&comparison.outcomes)));
    }
    if !comparison.changes.is_empty() {
        sections.push(Section::new("changes", "Changes", changes(&comparison.changes)));
    }
    if !comparison.notes.is_empty() {
        let content = differences("What else differs", &comparison.notes);
        sections.push(Section::new("notes", "What else differs", content));
    }
    sections.push(Section::new("commands", "Commands", commands(comparison)));
    let environment = parts::environment(&comparison.after.environment);
    sections.push(Section::new("environment", "Environment of the second", environment));
    Page {
        kind: "compare",
        title: comparison.after.title.clone(),
        description: String::new(),
        facts: vec![told("before", &comparison.before), told("after", &comparison.after)],
        verdict: Some(verdict(comparison)),
        notes: vec![],
        lead: parts::tiles(&tiles(comparison)),
        sections,
    }
    .render()
}

/// `before: pass-through, 2026-08-14 09:26:53 UTC, commit 3f9c2ab71d`.
fn told(which: &str, side: &Side) -> String {
    let commit = match side.environment.commit.as_str() {
        "" => side.environment.rustc.clone(),
        commit => format!("commit {commit}"),
    };
    let parts = [side.title.clone(), units::moment(&side.started_at), commit];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{which}: {}", parts.join(", "))
}

/// How many figures went which way, the bad news first. Nothing where none may be compared.
fn tiles(comparison: &Comparison) -> Vec<Tile> {
    if !comparison.comparable() {
        return vec![];
    }
    let farthest = |judgement: Judgement| {
        let those = comparison
            .changes
            .iter()
            .filter(|change| change.judgement() == judgement);
        let size = |change: &&Change| change.percent().map_or(f64::INFINITY, f64::abs);
        those.max_by(|a, b| size(a).total_cmp(&size(b)))
    };
    let tile = |name: &str, judgement: Judgement| Tile {
        name: name.into(),
        value: units::count(comparison.count(judgement) as u64),
        note: farthest(judgement).map_or(String::new(), |change| {
            format!("most: {} of {}, {}", change.metric, change.place, change.shown())
        }),
        bad: judgement == Judgement::Worse && comparison.count(judgement) > 0,
    };
    vec![
        tile("Worse", Judgement::Worse),
        tile("Better", Judgement::Better),
        tile("Within noise", Judgement::Noise),
        tile("Rounds overlap", Judgement::Overlap),
    ]
}

fn verdict(comparison: &Comparison) -> Verdict {
    let (tone, word) = match (
        comparison.comparable(),
        comparison.outcomes.is_empty(),
        comparison.passed(),
    ) {
        (false, ..) => (Tone::Void, "NOT COMPARABLE"),
        (true, true, _) => (Tone::Neutral, "COMPARED"),
        (true, false, true) => (Tone::Good, "PASSED"),
        (true, false, false) => (Tone::Bad, "FAILED"),
    };
    let told = |difference: &Difference| format!("{}: {} → {}", difference.what, difference.before, difference.after);
    let mut reasons: Vec<_> = comparison.obstacles.iter().map(told).collect();
    let broken = comparison.outcomes.iter().filter(|outcome| !outcome.met());
    reasons.extend(broken.flat_map(|outcome| {
        outcome
            .reasons()
            .into_iter()
            .map(move |reason| format!("{}: {reason}", outcome.rule))
    }));
    Verdict {
        tone,
        word: word.into(),
        summary: comparison.summary(),
        reasons,
    }
}

fn differences(label: &str, all: &[Difference]) -> Markup {
    table(
        label,
        html! {
            thead { tr {
                th scope="col" { "What" }
                th scope="col" class="left" { "Before" }
                th scope="col" class="left" { "After" }
            } }
            tbody {
                @for difference in all {
                    tr {
                        th scope="row" { (difference.what) }
                        td class="left wrap" { (difference.before) }
                        td class="left wrap" { (difference.after) }
                    }
                }
            }
        },
    )
}

fn rules(outcomes: &[Outcome]) -> Markup {
    table(
        "Rules",
        html! {
            thead { tr {
                th scope="col" { "Rule" }
                th scope="col" { span class="hidden" { "Whether it holds" } }
                th scope="col" class="left" { "Why" }
            } }
            tbody {
                @for outcome in outcomes {
                    tr {
                        th scope="row" { code { (outcome.rule) } }
                        td { (whether(outcome.met(), ["holds", "broken"])) }
                        td class="left wrap" { @for reason in outcome.reasons() { div { (reason) } } }
                    }
                }
            }
        },
    )
}

fn changes(all: &[Change]) -> Markup {
    html! {
        p {
            "What hangs on a clock moves by itself: a change of less than " (NOISE_PERCENT) " % is called noise, whichever way "
            "it points, and is judged by instruction counts, which do not. Where the rounds of both overlap, more of them would tell."
        }
        div class="changes" { (table("Every figure, before and after", html! {
            thead { tr {
                th scope="col" { "Metric" }
                th scope="col" { "Before" }
                th scope="col" { "After" }
                th scope="col" { "Change" }
            } }
            @for group in all.chunk_by(|a, b| a.place == b.place) {
                tbody {
                    @if let [only] = group {
                        (row(only, &name(&format!("{}: {}", only.place, only.metric))))
                    } @else if let Some(first) = group.first() {
                        tr class="group" { th scope="rowgroup" colspan="4" { (name(&first.place.to_string())) } }
                        @for change in group { (row(change, &name(change.metric.name()))) }
                    }
                }
            }
        })) }
    }
}

fn row(change: &Change, what: &Markup) -> Markup {
    let judgement = change.judgement();
    let word = match judgement {
        Judgement::Noise => "noise",
        Judgement::Overlap => "overlap",
        other => other.word(),
    };
    let tone = match judgement {
        Judgement::Better => Tone::Good,
        Judgement::Worse | Judgement::Removed => Tone::Bad,
        _ => Tone::Neutral,
    };
    html! {
        tr class=[matches!(judgement, Judgement::Same | Judgement::Noise).then_some("muted")] {
            th scope="row" { (what) }
            td { (value(change, change.before)) }
            td { (value(change, change.after)) }
            td { (badge(tone, word)) " " (change.shown()) }
        }
    }
}

fn value(change: &Change, value: Option<Spread>) -> Markup {
    html! {
        @match value {
            None => { (units::NONE) }
            Some(spread) => {
                (change.metric.show(spread.median)) (extremes(spread, |value| change.metric.show(value)))
            }
        }
    }
}

fn commands(comparison: &Comparison) -> Markup {
    html! {
        @for (which, side) in [("Before", &comparison.before), ("After", &comparison.after)] {
            h3 { (which) }
            @if side.command.is_empty() { p { "The report does not say." } } @else { (parts::command(&side.command)) }
        }
    }
}
