//! The page of a comparison: may they be compared, do the rules hold, what changed.

use super::{
    parts::{badge, command, met, table},
    shell::{Page, Section, Tone, Verdict},
};
use crate::{
    compare::{Change, Comparison, Difference, Judgement, Outcome, Side},
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
    Page {
        kind: "compare",
        title: comparison.after.title.clone(),
        description: format!("{} → {}", named(&comparison.before), named(&comparison.after)),
        facts: vec![],
        verdict: Some(verdict(comparison)),
        lead: html! {},
        sections,
    }
    .render()
}

fn named(side: &Side) -> String {
    let parts = [&side.title, &side.started_at, &side.commit];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
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
                    tr class=[(!outcome.met()).then_some("missed")] {
                        th scope="row" { code { (outcome.rule) } }
                        td { (met(outcome.met())) }
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
            "What hangs on a clock moves by itself: a change of less than 10 % is called noise, whichever way it points. "
            "Counts of instructions do not."
        }
        (table("Every figure, before and after", html! {
            thead { tr {
                th scope="col" { "Metric" }
                th scope="col" { "Before" }
                th scope="col" { "After" }
                th scope="col" { "Change" }
                th scope="col" class="left" { "Judgement" }
            } }
            @for group in all.chunk_by(|a, b| a.place == b.place) {
                tbody {
                    @if let Some(first) = group.first() {
                        tr class="group" { th scope="rowgroup" colspan="5" { (first.place) } }
                    }
                    @for change in group { (row(change)) }
                }
            }
        }))
    }
}

fn row(change: &Change) -> Markup {
    let judgement = change.judgement();
    let tone = match judgement {
        Judgement::Better => Tone::Good,
        Judgement::Worse | Judgement::Removed => Tone::Bad,
        _ => Tone::Neutral,
    };
    html! {
        tr class=[matches!(judgement, Judgement::Same | Judgement::Noise).then_some("muted")] {
            th scope="row" { (change.metric) }
            td { (value(change, change.before)) }
            td { (value(change, change.after)) }
            td { (change.shown()) }
            td class="left" {
                @if matches!(judgement, Judgement::Better | Judgement::Worse | Judgement::Removed) {
                    (badge(tone, judgement.word()))
                } @else { (judgement.word()) }
            }
        }
    }
}

fn value(change: &Change, value: Option<Spread>) -> Markup {
    html! {
        @match value {
            None => { (units::NONE) }
            Some(spread) => {
                (change.metric.show(spread.median))
                @if spread.max > spread.min {
                    " " span class="range" { (change.metric.show(spread.min)) " – " (change.metric.show(spread.max)) }
                }
            }
        }
    }
}

fn commands(comparison: &Comparison) -> Markup {
    html! {
        @for (name, side) in [("Before", &comparison.before), ("After", &comparison.after)] {
            h3 { (name) }
            @if side.command.is_empty() { p { "The report does not say." } } @else { (command(&side.command)) }
        }
    }
}
