//! Charts as SVG: no script, colours from the page's style, a title and a description for those who cannot see them.
//!
//! Text in a scaled drawing is scaled with it, so what must be read on a phone is drawn a second time for narrow screens;
//! the style shows one of the two.

mod bars;
mod line;
mod percentiles;
mod ramp;
mod scale;
mod timeline;

pub(super) use bars::{Bar, bars};
pub(super) use percentiles::{Series, percentiles};
pub(super) use ramp::ramp;
pub(super) use timeline::timeline;

use maud::{Markup, html};
use scale::Scale;

/// For which screens a drawing is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Half a page and more.
    Wide,
    /// A phone.
    Narrow,
    /// A column of two on a large screen, and a phone.
    Column,
}

impl Layout {
    fn width(self) -> f64 {
        match self {
            Self::Wide => 800.0,
            Self::Narrow | Self::Column => 360.0,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Wide => "chart wide",
            Self::Narrow => "chart narrow",
            Self::Column => "chart column",
        }
    }

    /// How many labels fit beside each other.
    fn labels(self) -> usize {
        if self == Self::Wide { 10 } else { 5 }
    }
}

/// What a drawing is called, for whom and to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caption<'a> {
    /// Unique on the page.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) title: &'a str,
    /// What it shows, in a sentence with figures.
    pub(super) description: &'a str,
}

/// A drawing of this height.
#[allow(clippy::needless_pass_by_value, reason = "markup is written in place at each call")]
fn svg(caption: Caption<'_>, layout: Layout, height: f64, content: Markup) -> Markup {
    let part = if layout == Layout::Wide { "wide" } else { "narrow" };
    let (title, description) = (
        format!("{}-{part}-title", caption.id),
        format!("{}-{part}-desc", caption.id),
    );
    html! {
        svg class=(layout.class()) viewBox=(format!("0 0 {} {height}", layout.width())) role="img"
            aria-labelledby=(title) aria-describedby=(description) {
            title id=(title) { (caption.title) }
            desc id=(description) { (caption.description) }
            (content)
        }
    }
}

/// The part of a drawing between its axes.
#[derive(Debug, Clone, Copy)]
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot {
    fn across(&self, scale: Scale) -> Scale {
        scale.over(self.left, self.right)
    }

    fn upward(&self, scale: Scale) -> Scale {
        scale.over(self.bottom, self.top)
    }

    /// Lines across, with labels at the left.
    fn rows(&self, scale: &Scale, most: usize, label: impl Fn(f64) -> String) -> Markup {
        html! {
            @for tick in scale.ticks(most) {
                @let y = scale.at(tick);
                line class="grid" x1=(px(self.left)) x2=(px(self.right)) y1=(px(y)) y2=(px(y)) {}
                text class="tick end" x=(px(self.left - 6.0)) y=(px(y + 4.0)) { (label(tick)) }
            }
        }
    }

    /// Lines upward, with labels below.
    fn columns(&self, scale: &Scale, most: usize, label: impl Fn(f64) -> String) -> Markup {
        html! {
            @for tick in scale.ticks(most) {
                @let x = scale.at(tick);
                line class="grid" x1=(px(x)) x2=(px(x)) y1=(px(self.top)) y2=(px(self.bottom)) {}
                text class="tick middle" x=(px(x)) y=(px(self.bottom + 17.0)) { (label(tick)) }
            }
        }
    }
}

/// A coordinate, as short as it may be.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
