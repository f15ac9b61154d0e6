//! The run over time: panels above each other that share their seconds.

use super::{Caption, Layout, Plot, RIGHT, Scale, line, px, svg};
use crate::{html::buckets::Bucket, units};
use maud::{Markup, html};

const LEFT: f64 = 56.0;
const HEAD: f64 = 26.0;
const GAP: f64 = 14.0;
const AXIS: f64 = 30.0;
/// Height of a row of the numbers of marks, and the least distance between two numbers in it.
const FLAGS: f64 = 15.0;
const BESIDE: f64 = 16.0;

/// One panel: a title with its legend, a scale, and what is drawn in it.
struct Panel {
    height: f64,
    scale: Scale,
    label: fn(f64) -> String,
    legend: &'static [(&'static str, &'static str)],
    draw: fn(&[Bucket], &Scale, &Scale) -> Markup,
}

/// Throughput, latency, errors, CPU and what was under way, with the moments at which the scenario did something.
pub(in crate::html) fn timeline(caption: Caption<'_>, wide: &[Bucket], narrow: &[Bucket], marks: &[f64]) -> Markup {
    html! {
        @for (layout, buckets) in Layout::WHOLE.into_iter().zip([wide, narrow]) {
            (drawing(caption, layout, buckets, marks))
        }
    }
}

fn drawing(caption: Caption<'_>, layout: Layout, buckets: &[Bucket], marks: &[f64]) -> Markup {
    let panels = panels(buckets);
    let end = buckets.last().map_or(1.0, |last| last.at_s + last.length_s);
    let x = Scale::seconds(end).over(LEFT, layout.width() - RIGHT);
    let places: Vec<_> = marks.iter().map(|&second| x.at(second)).collect();
    let rows = in_rows(&places);
    let top = 3.0 + FLAGS * rows.iter().map(|row| row + 1).max().unwrap_or(0) as f64;
    let whole = Plot {
        left: LEFT,
        right: layout.width() - RIGHT,
        top,
        bottom: top + panels.iter().map(|panel| HEAD + panel.height + GAP).sum::<f64>(),
    };
    let flags = html! {
        @for (at, (&place, &row)) in places.iter().zip(&rows).enumerate() {
            @let foot = top - FLAGS * row as f64;
            line class="mark" x1=(px(place)) x2=(px(place)) y1=(px(foot - 2.0)) y2=(px(whole.bottom)) {}
            text class="flag middle" x=(px(place)) y=(px(foot - 5.0)) { (at + 1) }
        }
    };
    svg(
        caption,
        layout,
        whole.bottom + AXIS,
        html! { (draw(layout, whole, &x, buckets, &panels)) (flags) },
    )
}

/// For numbers at these places, rising, the row of each: one that is too near to another stands above it.
fn in_rows(places: &[f64]) -> Vec<usize> {
    let mut ends: Vec<f64> = vec![];
    let row = |&place: &f64| {
        let free = ends.iter().position(|end| place - end >= BESIDE).unwrap_or(ends.len());
        match ends.get_mut(free) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
        free
    };
    places.iter().map(row).collect()
}

fn draw(layout: Layout, whole: Plot, x: &Scale, buckets: &[Bucket], panels: &[Panel]) -> Markup {
    let end = buckets.last().map_or(1.0, |last| last.at_s + last.length_s);
    let label = if end > 180.0 {
        units::clock
    } else {
        |s| format!("{} s", units::number(s))
    };
    let tops = panels.iter().scan(whole.top, |top, panel| {
        let own = *top;
        *top += HEAD + panel.height + GAP;
        Some(own)
    });
    html! {
        (whole.columns(x, layout.labels(), label))
        @for (panel, top) in panels.iter().zip(tops) {
            @let plot = Plot { top: top + HEAD, bottom: top + HEAD + panel.height, ..whole };
            @let y = plot.upward(panel.scale);
            // Hides the columns' lines behind the title.
            rect class="paper" x=(px(plot.left)) y=(px(top + 3.0)) width=(px(plot.right - plot.left)) height=(px(HEAD - 8.0)) {}
            (legend(panel, plot.left, top + 16.0))
            (plot.rows(&y, if panel.height > 80.0 { 5 } else { 3 }, panel.label))
            ((panel.draw)(buckets, x, &y))
        }
    }
}

fn panels(buckets: &[Bucket]) -> Vec<Panel> {
    let most = |of: fn(&Bucket) -> f64| buckets.iter().map(of).fold(0.0, f64::max);
    let mut panels = vec![Panel {
        height: 96.0,
        scale: Scale::from_zero(most(|bucket| bucket.due.max(bucket.completed))),
        label: units::number,
        legend: &[("area1", "done per second"), ("due", "due")],
        draw: |buckets, x, y| {
            html! {
                (filled("area1", "s1", buckets, x, y, |bucket| Some(bucket.completed)))
                path class="line due" d=(line::path(steps(buckets, x, y, |bucket| Some(bucket.due)))) {}
            }
        },
    }];
    let times = || {
        buckets
            .iter()
            .flat_map(|bucket| [bucket.p50_us, bucket.p99_us])
            .flatten()
    };
    if times().next().is_some() {
        panels.push(Panel {
            height: 116.0,
            scale: Scale::log(times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max)),
            label: units::time,
            legend: &[("s2 plain", "p99, corrected"), ("s1", "p50")],
            draw: |buckets, x, y| {
                html! {
                    path class="line s2 plain" d=(line::path(middles(buckets, x, y, |bucket| bucket.p99_us))) {}
                    path class="line s1" d=(line::path(middles(buckets, x, y, |bucket| bucket.p50_us))) {}
                }
            },
        });
    }
    if most(|bucket| bucket.failed + bucket.dropped) > 0.0 {
        panels.push(Panel {
            height: 60.0,
            scale: Scale::from_zero(most(|bucket| bucket.failed + bucket.dropped)),
            label: units::number,
            legend: &[("bad", "failed per second"), ("drop", "dropped")],
            draw: errors,
        });
    }
    if most(|bucket| bucket.cpu) > 0.0 {
        panels.push(Panel {
            height: 60.0,
            scale: Scale::from_zero(most(|bucket| bucket.cpu)),
            label: units::number,
            legend: &[("area3", "CPU, in processors")],
            draw: |buckets, x, y| filled("area3", "s3", buckets, x, y, |bucket| Some(bucket.cpu)),
        });
    }
    if most(|bucket| bucket.in_flight) > 0.0 {
        panels.push(Panel {
            height: 60.0,
            scale: Scale::from_zero(most(|bucket| bucket.in_flight)),
            label: units::number,
            legend: &[("area4", "in flight")],
            draw: |buckets, x, y| filled("area4", "s4", buckets, x, y, |bucket| Some(bucket.in_flight)),
        });
    }
    panels
}

/// Failed from zero up, dropped on top of it.
fn errors(buckets: &[Bucket], x: &Scale, y: &Scale) -> Markup {
    html! {
        @for bucket in buckets {
            @let (left, right) = (x.at(bucket.at_s), x.at(bucket.at_s + bucket.length_s));
            @let width = px((right - left - 0.6).max(0.8));
            @let (floor, failed, all) = (y.at(0.0), y.at(bucket.failed), y.at(bucket.failed + bucket.dropped));
            @if bucket.failed > 0.0 {
                rect class="bad" x=(px(left)) y=(px(failed)) width=(width) height=(px(floor - failed)) {}
            }
            @if bucket.dropped > 0.0 {
                rect class="drop" x=(px(left)) y=(px(all)) width=(width) height=(px(failed - all)) {}
            }
        }
    }
}

fn filled(
    area: &str,
    series: &str,
    buckets: &[Bucket],
    x: &Scale,
    y: &Scale,
    of: fn(&Bucket) -> Option<f64>,
) -> Markup {
    let points = steps(buckets, x, y, of);
    html! {
        path class=(area) d=(line::area(&points, y.at(0.0))) {}
        path class={ "line " (series) } d=(line::path(points)) {}
    }
}

/// Counts hold for their whole bucket: stairs.
fn steps(buckets: &[Bucket], x: &Scale, y: &Scale, of: fn(&Bucket) -> Option<f64>) -> Vec<Option<(f64, f64)>> {
    let ends = |bucket: &Bucket| [bucket.at_s, bucket.at_s + bucket.length_s];
    let stairs = buckets
        .iter()
        .flat_map(|bucket| ends(bucket).map(|at| Some((x.at(at), y.at(of(bucket)?)))));
    stairs.collect()
}

/// Times are drawn from the middle of their bucket.
fn middles(buckets: &[Bucket], x: &Scale, y: &Scale, of: fn(&Bucket) -> Option<f64>) -> Vec<Option<(f64, f64)>> {
    let middle = |bucket: &Bucket| x.at(bucket.at_s + bucket.length_s / 2.0);
    buckets
        .iter()
        .map(|bucket| Some((middle(bucket), y.at(of(bucket)?))))
        .collect()
}

/// The panel's lines by name, beside each other.
fn legend(panel: &Panel, left: f64, y: f64) -> Markup {
    let places = panel.legend.iter().scan(left, |next, (_, name)| {
        let own = *next;
        // Rough, but enough room for the next one.
        *next += 36.0 + 6.7 * name.len() as f64;
        Some(own)
    });
    html! {
        @for (&(class, name), x) in panel.legend.iter().zip(places) {
            @if class.starts_with("area") || class == "bad" || class == "drop" {
                rect class={ (class) " key" } x=(px(x)) y=(px(y - 9.0)) width="12" height="9" rx="1.5" {}
            } @else {
                path class={ "line " (class) } d={ "M" (px(x)) " " (px(y - 4.5)) "h14" } {}
            }
            text class="panel" x=(px(x + 19.0)) y=(px(y)) { (name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_too_near_stand_above_each_other() {
        assert_eq!(in_rows(&[10.0, 17.0, 20.0, 30.0, 90.0]), [0, 1, 2, 0, 0]);
        assert_eq!(in_rows(&[]), [0; 0]);
    }
}
