//! The percentile curve: how long the slowest of ten, of a hundred, of a thousand waited.

use super::{Caption, Layout, Plot, RIGHT, Scale, line, px, svg};
use crate::{model::Latency, units};
use maud::{Markup, html};

/// One curve.
pub(in crate::html) struct Series<'a> {
    /// Its name.
    pub(in crate::html) name: &'a str,
    /// The distribution.
    pub(in crate::html) latency: &'a Latency,
}

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 56.0;

/// The curves, first one drawn on top; `None` without samples.
pub(in crate::html) fn percentiles(
    caption: Caption<'_>,
    series: &[Series<'_>],
    layouts: [Layout; 2],
) -> Option<Markup> {
    let drawn: Vec<_> = series.iter().filter(|series| series.latency.count > 0).collect();
    let most = drawn.iter().map(|series| series.latency.count).max()?;
    let curves: Vec<_> = drawn.iter().map(|series| points(series.latency)).collect();
    let times = || curves.iter().flatten().map(|point| point.1).filter(|&us| us > 0.0);
    let y = Scale::log(times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    Some(html! {
        (legend(&drawn))
        @for layout in layouts {
            @let plot = Plot { left: LEFT, right: layout.width() - RIGHT, top: 12.0, bottom: HEIGHT - 44.0 };
            @let (x, y) = (plot.across(Scale::nines(most)), plot.upward(y));
            (svg(caption, layout, HEIGHT, html! {
                (plot.columns(&x, 9, |tick| tick.to_string()))
                (plot.rows(&y, 8, units::time))
                text class="axis middle" x=(px((plot.left + plot.right) / 2.0)) y=(px(HEIGHT - 6.0)) { "percentile" }
                @for (at, (series, curve)) in drawn.iter().zip(&curves).enumerate().rev() {
                    path class={ "line s" (at + 1) } d=(line::path(curve.iter().map(|&(p, us)| Some((x.at(p), y.at(us)))))) {}
                    (marks(series, at, &x, &y))
                }
            }))
        }
    })
}

/// The points of the curve, or what is known of it.
fn points(latency: &Latency) -> Vec<(f64, f64)> {
    if latency.curve.len() > 1 {
        return latency.curve.clone();
    }
    vec![
        (0.0, latency.min_us),
        (50.0, latency.p50_us),
        (90.0, latency.p90_us),
        (95.0, latency.p95_us),
        (99.0, latency.p99_us),
        (99.9, latency.p999_us),
        (100.0, latency.max_us),
    ]
}

/// Dots at the percentiles that people speak of, each with its figure.
fn marks(series: &Series<'_>, at: usize, x: &Scale, y: &Scale) -> Markup {
    let latency = series.latency;
    let known = [
        (50.0, latency.p50_us, 2),
        (90.0, latency.p90_us, 10),
        (99.0, latency.p99_us, 100),
        (99.9, latency.p999_us, 1_000),
    ];
    html! {
        @for (percentile, us, needs) in known {
            @if latency.count >= needs {
                circle class={ "dot s" (at + 1) } cx=(px(x.at(percentile))) cy=(px(y.at(us))) r="3.5" {
                    title { (series.name) ", p" (percentile) ": " (units::time(us)) }
                }
            }
        }
    }
}

fn legend(series: &[&Series<'_>]) -> Markup {
    html! {
        ul class="legend" {
            @for (at, series) in series.iter().enumerate() {
                li {
                    svg viewBox="0 0 28 10" aria-hidden="true" {
                        path class={ "line s" (at + 1) } d="M1 5L27 5" {}
                        circle class={ "dot s" (at + 1) } cx="14" cy="5" r="3.5" {}
                    }
                    (series.name)
                }
            }
        }
    }
}
