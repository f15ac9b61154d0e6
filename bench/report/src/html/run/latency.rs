//! How long it took: curves and tables of steps and streams.

use crate::{
    html::{
        chart::{Caption, Layout, Series, percentiles},
        parts::{name, table},
    },
    model::{Latency, Step, Stream},
    units,
};
use maud::{Markup, html};

/// Where the uncorrected 99th percentile is this much smaller, it hides something worth a sentence.
const HIDES: f64 = 2.0;

pub(super) fn section(steps: &[Step]) -> Option<Markup> {
    if steps.is_empty() {
        return None;
    }
    let alone = steps.len() == 1;
    Some(html! {
        p {
            "Corrected times count from when an iteration was due, so they hold what users wait while the system is stuck. "
            "Uncorrected ones count from when a request was really sent."
        }
        div class={ "curves" @if !alone { " several" } } {
            @for (at, step) in steps.iter().enumerate() { (curve(step, at, alone)) }
        }
        (figures(steps))
    })
}

fn curve(step: &Step, at: usize, alone: bool) -> Markup {
    let series = [
        Series {
            name: "corrected",
            latency: &step.corrected,
        },
        Series {
            name: "uncorrected",
            latency: &step.uncorrected,
        },
    ];
    let title = format!("Percentiles of {}", step.name);
    let description = format!(
        "Time by percentile. Corrected: {}. Uncorrected: {}.",
        in_words(&step.corrected),
        in_words(&step.uncorrected)
    );
    let caption = Caption {
        id: &format!("curve-{at}"),
        title: &title,
        description: &description,
    };
    let layouts = if alone { Layout::WHOLE } else { Layout::HALF };
    html! {
        figure {
            figcaption { (title) }
            @match percentiles(caption, &series, layouts) {
                Some(chart) => { (chart) }
                None => { p class="empty" { "No right answer, so no times." } }
            }
            @if let Some(hidden) = hidden(step) { p class="aside" { (hidden) } }
        }
    }
}

fn in_words(latency: &Latency) -> String {
    format!(
        "median {}, 99 % within {}, largest {}",
        units::time(latency.p50_us),
        units::time(latency.p99_us),
        units::time(latency.max_us)
    )
}

fn hidden(step: &Step) -> Option<String> {
    let (real, told) = (step.corrected.p99_us, step.uncorrected.p99_us);
    (told > 0.0 && real > told * HIDES).then(|| {
        format!(
            "Measured without correction, p99 would read {} instead of {}: the wait behind slow answers would not show.",
            units::time(told),
            units::time(real)
        )
    })
}

fn figures(steps: &[Step]) -> Markup {
    table(
        "Times by step",
        html! {
            thead { tr {
                th scope="col" { "Step" }
                th scope="col" { "Failed" }
                th scope="col" { "Done" }
                th scope="col" class="left" { "Times" }
                @for percentile in ["p50", "p90", "p95", "p99", "p99.9", "max"] { th scope="col" { (percentile) } }
            } }
            @for step in steps {
                tbody {
                    tr {
                        th scope="rowgroup" rowspan="2" { (name(&step.name)) }
                        td rowspan="2" class=[(step.failed > 0).then_some("bad")] { (units::count(step.failed)) }
                        td rowspan="2" { (units::count(step.completed)) }
                        td class="left" { "corrected" }
                        (cells(&step.corrected))
                    }
                    tr class="muted" {
                        td class="left" { "uncorrected" }
                        (cells(&step.uncorrected))
                    }
                }
            }
        },
    )
}

fn cells(times: &Latency) -> Markup {
    let shown = [
        times.p50_us,
        times.p90_us,
        times.p95_us,
        times.p99_us,
        times.p999_us,
        times.max_us,
    ];
    html! { @for us in shown { td { (time(times, us)) } } }
}

/// A time of a distribution, if there is one.
fn time(of: &Latency, us: f64) -> String {
    if of.count > 0 {
        units::time(us)
    } else {
        units::NONE.into()
    }
}

pub(super) fn streams(streams: &[Stream]) -> Option<Markup> {
    if streams.is_empty() {
        return None;
    }
    Some(html! {
        p { "Subscriptions that were held open beside the journeys; a delivery counts from when its cause was due." }
        (table("Streams", html! {
            thead { tr {
                th scope="col" { "Stream" }
                th scope="col" { "Lost" }
                th scope="col" { "Events missing" }
                th scope="col" { "Twice or disordered" }
                th scope="col" { "Opened" }
                th scope="col" { "Events delivered" }
                @for percentile in ["p50", "p99", "p99.9", "max"] { th scope="col" { (percentile) } }
            } }
            tbody { @for stream in streams { (row(stream)) } }
        }))
        div class="curves several" {
            @for (at, stream) in streams.iter().enumerate() { (deliveries(stream, at)) }
        }
    })
}

fn row(stream: &Stream) -> Markup {
    let (missing, times) = (stream.expected.saturating_sub(stream.delivered), &stream.delivery);
    let bad = |n: u64| (n > 0).then_some("bad");
    html! {
        tr {
            th scope="row" { (name(&stream.name)) }
            @for n in [stream.lost, missing, stream.wrong] { td class=[bad(n)] { (units::count(n)) } }
            td { (units::count(stream.opened)) }
            td { (units::count(stream.delivered)) " of " (units::count(stream.expected)) }
            @for us in [times.p50_us, times.p99_us, times.p999_us, times.max_us] { td { (time(times, us)) } }
        }
    }
}

fn deliveries(stream: &Stream, at: usize) -> Markup {
    let title = format!("Deliveries of {}", stream.name);
    let description = format!(
        "Time from cause to arrival by percentile: {}.",
        in_words(&stream.delivery)
    );
    let caption = Caption {
        id: &format!("delivery-{at}"),
        title: &title,
        description: &description,
    };
    let series = [Series {
        name: "cause due → arrived",
        latency: &stream.delivery,
    }];
    html! {
        @if let Some(chart) = percentiles(caption, &series, Layout::HALF) {
            figure { figcaption { (title) } (chart) }
        }
    }
}
