//! One figure of several peers: bars from zero, or, where they are too far apart for that, dots over a logarithmic axis.

use super::{Caption, Layout, Plot, Scale, px, svg};
use crate::model::Spread;
use maud::{Markup, html};

/// One peer.
pub(in crate::html) struct Bar<'a> {
    /// Whose.
    pub(in crate::html) label: &'a str,
    /// Where it stands, and the ends of its whisker.
    pub(in crate::html) value: Spread,
    /// What others are measured against.
    pub(in crate::html) reference: bool,
}

/// Beside a bar so many times as long, others cannot be told from each other.
const FAR: f64 = 12.0;
const AXIS: f64 = 40.0;
/// For a figure behind the longest.
const FIGURE: f64 = 72.0;
/// Letters of a label that stands beside its bar.
const LABEL: usize = 11;

/// How all rows of a drawing are drawn.
struct Rows {
    x: Scale,
    /// Whether the axis is logarithmic, so that the length of a bar would say nothing.
    dots: bool,
    /// Whether labels stand above their rows, since they are too long to stand beside.
    above: bool,
    show: fn(f64) -> String,
}

/// The rows in the order given; values must be positive.
pub(in crate::html) fn bars(caption: Caption<'_>, rows: &[Bar<'_>], show: fn(f64) -> String) -> Markup {
    let most = |of: fn(&Spread) -> f64| rows.iter().map(|row| of(&row.value)).fold(0.0, f64::max);
    let largest = most(|value| value.max.max(value.median));
    let smallest = rows.iter().map(|row| row.value.median).fold(f64::INFINITY, f64::min);
    let dots = most(|value| value.median) > smallest * FAR;
    let above = rows.iter().any(|row| row.label.chars().count() > LABEL);
    html! {
        @for layout in Layout::HALF {
            @let plot = Plot {
                left: if above { 4.0 } else { 88.0 },
                right: layout.width() - FIGURE,
                top: 2.0,
                bottom: 6.0 + row_height(above) * rows.len() as f64,
            };
            @let x = if dots { Scale::log(smallest, largest) } else { Scale::linear(0.0, largest) };
            @let drawn = Rows { x: plot.across(x), dots, above, show };
            (svg(caption, layout, plot.bottom + if dots { AXIS } else { 2.0 }, html! {
                @if dots {
                    (plot.columns(&drawn.x, plot.room(64.0), show))
                    text class="axis" x=(px(plot.left)) y=(px(plot.bottom + 34.0)) { "logarithmic scale" }
                } @else {
                    line class="base" x1=(px(plot.left)) x2=(px(plot.left)) y1=(px(plot.top)) y2=(px(plot.bottom)) {}
                }
                @for (at, row) in rows.iter().enumerate() {
                    (drawn.row(row, plot, 4.0 + row_height(above) * at as f64))
                }
            }))
        }
    }
}

fn row_height(above: bool) -> f64 {
    if above { 50.0 } else { 28.0 }
}

impl Rows {
    fn row(&self, row: &Bar<'_>, plot: Plot, top: f64) -> Markup {
        let Spread { median, min, max } = row.value;
        let own = if row.reference { " own" } else { "" };
        let y = top + if self.above { 28.0 } else { 14.0 };
        let (place, right) = (self.x.at(median), self.x.at(max.max(median)));
        html! {
            g {
                title { (row.label) ": median " ((self.show)(median)) ", from " ((self.show)(min)) " to " ((self.show)(max)) }
                @if self.above {
                    text class={ "name" (own) } x=(px(plot.left)) y=(px(top + 12.0)) { (row.label) }
                } @else {
                    text class={ "name end" (own) } x=(px(plot.left - 8.0)) y=(px(y + 4.0)) { (row.label) }
                }
                @if self.dots {
                    line class="guide" x1=(px(plot.left)) x2=(px(place)) y1=(px(y)) y2=(px(y)) {}
                } @else {
                    rect class={ "bar" (own) } x=(px(plot.left)) y=(px(y - 9.0)) width=(px(place - plot.left)) height="18" rx="2" {}
                }
                // Behind a dot that hides it, it would only spoil the dot.
                @if right - self.x.at(min) > if self.dots { 16.0 } else { 0.0 } { (whisker(self.x.at(min), right, y)) }
                @if self.dots { circle class={ "bar" (own) } cx=(px(place)) cy=(px(y)) r="5" {} }
                text class={ "value" (own) } x=(px(right + 9.0)) y=(px(y + 4.0)) { ((self.show)(median)) }
            }
        }
    }
}

fn whisker(from: f64, to: f64, y: f64) -> Markup {
    let end = |x: f64| format!("M{} {}V{}", px(x), px(y - 5.0), px(y + 5.0));
    html! {
        path class="whisker" d={ "M" (px(from)) " " (px(y)) "L" (px(to)) " " (px(y)) (end(from)) (end(to)) } {}
    }
}
