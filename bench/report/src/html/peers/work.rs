//! One kind of work: bars for the eye, a table with everything.

use crate::{
    html::{
        chart::{Bar, Caption, bars},
        parts::{processes, spread, table},
    },
    model::{PeerRow, Spread, Work},
    units,
};
use maud::{Markup, html};

pub(super) fn section(work: &Work, at: usize, reference: &str) -> Markup {
    html! {
        p { (work.description) }
        p class="aside" {
            "Saturated with " (units::count(work.clients.into())) " clients; times are corrected, at a fixed "
            (units::rate(work.fixed_rate)) ". Whiskers and small figures are the rounds’ extremes."
            @if work.rows.iter().all(|row| row.failed == 0) { " All answers were checked and right." }
        }
        div class="curves several" {
            (chart(work, &format!("cpu-{at}"), reference, "CPU per request, saturated: less is better", |row| row.cpu_us, units::time, false))
            (chart(work, &format!("p99-{at}"), reference, "p99 at the fixed rate: less is better", |row| row.p99_us, units::time, false))
            (chart(work, &format!("rate-{at}"), reference, "Throughput, saturated: more is better", |row| row.throughput, units::rate, true))
            (chart(work, &format!("rss-{at}"), reference, "Peak memory: less is better", memory, units::bytes, false))
        }
        (figures(work, reference))
        (policies(&work.rows))
        (by_process(&work.rows))
    }
}

fn memory(row: &PeerRow) -> Spread {
    Spread::one(row.peak_rss_bytes as f64)
}

/// Bars, the best first, so that who wins and who loses is read from top to bottom. Nothing where nobody was measured.
fn chart(
    work: &Work,
    id: &str,
    reference: &str,
    title: &str,
    of: fn(&PeerRow) -> Spread,
    show: fn(f64) -> String,
    more_is_better: bool,
) -> Markup {
    let measured = work.rows.iter().filter(|row| of(row).median > 0.0);
    let mut rows: Vec<_> = measured
        .map(|row| Bar {
            label: &row.peer,
            value: of(row),
            reference: row.peer == reference,
        })
        .collect();
    rows.sort_by(|a, b| a.value.median.total_cmp(&b.value.median));
    if more_is_better {
        rows.reverse();
    }
    let list: Vec<_> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, show(row.value.median)))
        .collect();
    let description = format!("Best first: {}.", list.join(", "));
    let full = format!("{}, {title}", work.name);
    html! {
        @if !rows.is_empty() {
            figure {
                figcaption { (title) }
                (bars(Caption { id, title: &full, description: &description }, &rows, show))
            }
        }
    }
}

fn figures(work: &Work, reference: &str) -> Markup {
    let syscalls = work.rows.iter().any(|row| row.syscalls_per_request.is_some());
    let instructions = work.rows.iter().any(|row| row.instructions_per_request.is_some());
    let wrong = work.rows.iter().any(|row| row.failed > 0);
    let rows = table(
        &format!("All figures of {}", work.name),
        html! {
            thead { tr {
                th scope="col" { "Peer" }
                @if wrong { th scope="col" { "Wrong answers" } }
                th scope="col" { "CPU per request" }
                th scope="col" { "÷ " (reference) "’s" }
                th scope="col" { "CPU, fixed rate" }
                th scope="col" { "Throughput" }
                th scope="col" { "p50" }
                th scope="col" { "p99" }
                th scope="col" { "p99.9" }
                th scope="col" { "Peak memory" }
                @if syscalls { th scope="col" { "System calls per request" } }
                @if instructions { th scope="col" { "Instructions per request" } }
            } }
            tbody {
                @for row in &work.rows {
                    tr class=[(row.peer == reference).then_some("own")] {
                        th scope="row" { (row.peer) @if !row.version.is_empty() { " " span class="range" { (row.version) } } }
                        @if wrong { td class=[(row.failed > 0).then_some("bad")] { (units::count(row.failed)) } }
                        td { (spread(row.cpu_us, units::time)) }
                        td { (spread(row.cpu_ratio, units::ratio)) }
                        td { (spread(row.cpu_us_fixed, units::time)) }
                        td { (spread(row.throughput, units::rate)) }
                        td { (spread(row.p50_us, units::time)) }
                        td { (spread(row.p99_us, units::time)) }
                        td { (spread(row.p999_us, units::time)) }
                        td { (spread(memory(row), units::bytes)) }
                        @if syscalls { td { (optional(row.syscalls_per_request)) } }
                        @if instructions { td { (optional(row.instructions_per_request)) } }
                    }
                }
            }
        },
    );
    html! { div class="dense" { (rows) } }
}

fn optional(value: Option<f64>) -> String {
    value.map_or(units::NONE.into(), units::number)
}

/// What each does for its figures: without it they could not be compared.
fn policies(rows: &[PeerRow]) -> Markup {
    html! {
        @if rows.iter().any(|row| !row.policies.is_empty()) {
            h3 { "What each does for it" }
            dl class="pairs" {
                @for row in rows {
                    div {
                        dt { (row.peer) }
                        dd { @if row.policies.is_empty() { "forwards, nothing more" } @else { (row.policies.join(" · ")) } }
                    }
                }
            }
        }
    }
}

/// A peer may be several processes, and it is never alone on the machine.
fn by_process(rows: &[PeerRow]) -> Markup {
    let several = || rows.iter().filter(|row| row.processes.len() > 1);
    html! {
        @if several().next().is_some() {
            details {
                summary { "By process" }
                @for row in several() {
                    h3 { (row.peer) }
                    (processes(&format!("Processes of {}", row.peer), &row.processes))
                }
            }
        }
    }
}
