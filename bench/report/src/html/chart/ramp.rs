//! A ramp: what was asked, what came, and how long it took.

use super::{Caption, Layout, Plot, RIGHT, Scale, line, px, svg};
use crate::{model::Stage, units};
use maud::{Markup, html};

const LEFT: f64 = 56.0;
const PANEL: f64 = 200.0;
const HEIGHT: f64 = 2.0 * PANEL + 44.0;

/// Achieved rate over the rate asked for, and below it the corrected 99th percentile.
pub(in crate::html) fn ramp(caption: Caption<'_>, stages: &[Stage]) -> Markup {
    let largest = stages.iter().map(|stage| stage.rate).fold(0.0, f64::max);
    let achieved = stages.iter().map(|stage| stage.achieved).fold(largest, f64::max);
    let p99 = |stage: &Stage| (stage.corrected.count > 0).then_some(stage.corrected.p99_us);
    let times = || stages.iter().filter_map(p99);
    let slow = Scale::log(times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    html! {
        @for layout in Layout::WHOLE {
            @let upper = Plot { left: LEFT, right: layout.width() - RIGHT, top: 26.0, bottom: PANEL - 8.0 };
            @let lower = Plot { top: PANEL + 26.0, bottom: 2.0 * PANEL - 2.0, ..upper };
            @let (x, rate) = (upper.across(Scale::linear(0.0, largest)), upper.upward(Scale::from_zero(achieved)));
            @let time = lower.upward(slow);
            (svg(caption, layout, HEIGHT, html! {
                text class="panel" x=(px(upper.left)) y="14" { "Achieved (dashed: all that was asked for)" }
                (upper.rows(&rate, 5, units::number))
                path class="line due" d=(line::path([0.0, largest].map(|at| Some((x.at(at), rate.at(at)))))) {}
                path class="line s1" d=(line::path(stages.iter().map(|stage| Some((x.at(stage.rate), rate.at(stage.achieved)))))) {}
                text class="panel" x=(px(lower.left)) y=(px(PANEL + 14.0)) { "p99, corrected" }
                (lower.rows(&time, 5, units::time))
                (lower.columns(&x, layout.labels(), units::number))
                path class="line s2" d=(line::path(stages.iter().map(|stage| Some((x.at(stage.rate), time.at(p99(stage)?)))))) {}
                @for stage in stages {
                    (dot(stage, "s1", x.at(stage.rate), rate.at(stage.achieved)))
                    @if let Some(us) = p99(stage) { (dot(stage, "s2", x.at(stage.rate), time.at(us))) }
                }
                text class="axis middle" x=(px((lower.left + lower.right) / 2.0)) y=(px(HEIGHT - 6.0)) { "iterations per second, asked for" }
            }))
        }
    }
}

/// Filled where the system kept up, hollow where it did not.
fn dot(stage: &Stage, series: &str, x: f64, y: f64) -> Markup {
    let kept_up = if stage.sustained { "sustained" } else { "not sustained" };
    html! {
        circle class={ "dot " (series) @if !stage.sustained { " hollow" } } cx=(px(x)) cy=(px(y)) r="4" {
            title {
                (units::rate(stage.rate)) " asked, " (units::rate(stage.achieved)) " achieved, p99 "
                (units::time(stage.corrected.p99_us)) ", " (kept_up)
            }
        }
    }
}
