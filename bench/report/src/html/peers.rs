//! The page of a comparison of proxies: losses stand where wins stand.

mod work;

use super::{
    parts::{self, Tile, badge, table, whether},
    shell::{Page, Section, Tone},
};
use crate::{
    model::*,
    standing::{Against, Standing, in_words, standings},
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
        verdict: Some(parts::verdict(header, proved(peers), &method(peers))),
        notes: header.environment.notes.clone(),
        lead: parts::tiles(&tiles(peers)),
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

fn proved(peers: &PeersReport) -> &'static str {
    if peers.goals.is_empty() {
        "Every answer was right."
    } else {
        "Every answer was right, and every goal was met."
    }
}

/// By work: what the reference takes, and who takes less.
fn tiles(peers: &PeersReport) -> Vec<Tile> {
    let tile = |work: &Work| {
        let own = work.rows.iter().find(|row| row.peer == peers.reference)?;
        let words = in_words(&standings(work, &peers.reference), |other| other.cpu);
        Some(Tile {
            name: format!("{}: CPU per request of {}", work.name, own.peer),
            value: units::time(own.cpu_us.median),
            note: words,
            bad: false,
        })
    };
    peers.works.iter().filter_map(tile).collect()
}

fn goals(goals: &[Goal]) -> Markup {
    table(
        "Goals",
        html! {
            thead { tr {
                th scope="col" { "Goal, and what was measured" }
                th scope="col" { span class="hidden" { "Whether it was met" } }
            } }
            tbody {
                @for goal in goals {
                    tr {
                        th scope="row" { (goal.name) " " span class="measured" { (goal.measured) } }
                        td { (whether(goal.met, ["met", "missed"])) }
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
        div class="standing" { (table("Wins and losses", html! {
            thead { tr {
                th scope="col" { "Against" }
                th scope="col" { "CPU per request" }
                th scope="col" { "p99, fixed rate" }
                th scope="col" { "Throughput" }
            } }
            @for (work, others) in by_work.iter().filter(|(_, others)| !others.is_empty()) {
                tbody {
                    tr class="group" { th scope="rowgroup" colspan="4" { (work.name) } }
                    @for other in others { (against(other)) }
                }
            }
        })) }
    })
}

fn against(other: &Against<'_>) -> Markup {
    html! {
        tr {
            th scope="row" { (other.peer) @if !other.rival { " " span class="tag" { "nothing between" } } }
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
