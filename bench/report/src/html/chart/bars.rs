//! Bars with the spread of their rounds.

use super::{Caption, Layout, Scale, px, svg};
use crate::model::Spread;
use maud::{Markup, html};

/// One bar.
pub(in crate::html) struct Bar<'a> {
    /// Whose.
    pub(in crate::html) label: &'a str,
    /// Its length, and the ends of its whisker.
    pub(in crate::html) value: Spread,
    /// What others are measured against.
    pub(in crate::html) reference: bool,
}

const ROW: f64 = 30.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 72.0;
/// What fits at the left.
const LABEL: usize = 14;

/// Horizontal bars in the order given, from zero.
pub(in crate::html) fn bars(caption: Caption<'_>, rows: &[Bar<'_>], show: fn(f64) -> String) -> Markup {
    let layout = Layout::Column;
    let largest = rows
        .iter()
        .map(|row| row.value.max.max(row.value.median))
        .fold(0.0, f64::max);
    let x = Scale::linear(0.0, largest).over(LEFT, layout.width() - RIGHT);
    let height = ROW * rows.len() as f64 + 8.0;
    svg(
        caption,
        layout,
        height,
        html! {
            line class="base" x1=(LEFT) x2=(LEFT) y1="2" y2=(px(height - 2.0)) {}
            @for (at, row) in rows.iter().enumerate() {
                (bar(row, ROW * at as f64 + 4.0, &x, show))
            }
        },
    )
}

fn bar(row: &Bar<'_>, top: f64, x: &Scale, show: fn(f64) -> String) -> Markup {
    let Spread { median, min, max } = row.value;
    let (y, end) = (top + ROW / 2.0, x.at(median));
    let own = if row.reference { " own" } else { "" };
    html! {
        g {
            title { (row.label) ": median " (show(median)) ", from " (show(min)) " to " (show(max)) }
            text class={ "name end" (own) } x=(px(LEFT - 8.0)) y=(px(y + 4.0)) { (shortened(row.label)) }
            rect class={ "bar" (own) } x=(px(LEFT)) y=(px(top + 5.0)) width=(px(end - LEFT)) height=(px(ROW - 10.0)) rx="2" {}
            @if max > min {
                @let (from, to) = (x.at(min), x.at(max));
                path class="whisker" d={ "M" (px(from)) " " (px(y)) "L" (px(to)) " " (px(y))
                    "M" (px(from)) " " (px(y - 5.0)) "V" (px(y + 5.0)) "M" (px(to)) " " (px(y - 5.0)) "V" (px(y + 5.0)) } {}
            }
            text class={ "value" (own) } x=(px(x.at(max.max(median)) + 8.0)) y=(px(y + 4.0)) { (show(median)) }
        }
    }
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL {
        return label.into();
    }
    label.chars().take(LABEL - 1).chain(['…']).collect()
}
