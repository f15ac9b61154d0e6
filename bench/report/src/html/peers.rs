//! The page of a comparison of proxies: losses stand where wins stand.

mod work;

use super::{
    parts::{self, badge, met, table},
    shell::{Page, Section, Tone},
};
use crate::{
    model::*,
    standing::{Against, Standing, standings},
    units,
};
use maud::{Markup, html};

pub(super) fn page(peers: &PeersReport) -> Markup {
    let header = &peers.header;
    let mut sections = vec![];
    if !peers.goals.is_empty() {
        sections.push(Section::new("goals", "Goals", goals(&peers.goals)));
    }
    if let Some(content) = overview(peers) {
        sections.push(Section::new(
            "standing",
            format!("Where {} stands", peers.reference),
            content,
        ));
    }
    for (at, work) in peers.works.iter().enumerate() {
        sections.push(Section::new(
            format!("work-{at}"),
            work.name.clone(),
            work::section(work, at, &peers.reference),
        ));
    }
    if !peers.skipped.is_empty() {
        sections.push(Section::new("skipped", "Left out", skipped(&peers.skipped)));
    }
    sections.extend(parts::provenance(header));
    Page {
        kind: "peers",
        title: header.title.clone(),
        description: header.description.clone(),
        facts: parts::facts(header),
        verdict: Some(parts::verdict(header, &method(peers))),
        lead: html! {},
        sections,
    }
    .render()
}

fn method(peers: &PeersReport) -> String {
    format!(
        "Medians of {} interleaved rounds; ratios are taken round by round, theirs divided by {}'s.",
        peers.rounds, peers.reference
    )
}

fn goals(goals: &[Goal]) -> Markup {
    table(
        "Goals",
        html! {
            thead { tr {
                th scope="col" { "Goal" }
                th scope="col" class="left" { "Measured" }
                th scope="col" { span class="hidden" { "Whether it was met" } }
            } }
            tbody {
                @for goal in goals {
                    tr class=[(!goal.met).then_some("missed")] {
                        th scope="row" class="wrap" { (goal.name) }
                        td class="left wrap" { (goal.measured) }
                        td { (met(goal.met)) }
                    }
                }
            }
        },
    )
}

/// By work: against whom the reference wins and loses. `None` where it took no part.
fn overview(peers: &PeersReport) -> Option<Markup> {
    let by_work: Vec<_> = peers
        .works
        .iter()
        .map(|work| (work, standings(work, &peers.reference)))
        .collect();
    if by_work.iter().all(|(_, others)| others.is_empty()) {
        return None;
    }
    Some(html! {
        p {
            "Each cell holds theirs as a multiple of " (peers.reference) "’s. Level means within a tenth, or that the rounds overlap."
        }
        (table("Wins and losses", html! {
            thead { tr {
                th scope="col" { "Against" }
                th scope="col" { "CPU a request" }
                th scope="col" { "p99 at the fixed rate" }
                th scope="col" { "Throughput" }
            } }
            @for (work, others) in by_work.iter().filter(|(_, others)| !others.is_empty()) {
                tbody {
                    tr class="group" { th scope="rowgroup" colspan="4" { (work.name) } }
                    @for other in others { (against(other)) }
                }
            }
        }))
    })
}

fn against(other: &Against<'_>) -> Markup {
    html! {
        tr {
            th scope="row" { (other.peer) }
            @for standing in [other.cpu, other.p99, other.throughput] { td { (cell(standing)) } }
        }
    }
}

fn cell(standing: Standing) -> Markup {
    let tone = match standing {
        Standing::Wins(_) => Tone::Good,
        Standing::Loses(_) => Tone::Bad,
        Standing::Level(_) => Tone::Neutral,
        Standing::Unknown => return html! { (units::NONE) },
    };
    html! { (badge(tone, standing.word())) " " (units::ratio(standing.ratio())) }
}

fn skipped(skipped: &[Skipped]) -> Markup {
    html! {
        dl class="pairs" { @for peer in skipped { div { dt { (peer.peer) } dd { (peer.reason) } } } }
    }
}
