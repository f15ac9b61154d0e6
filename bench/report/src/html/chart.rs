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

/// For which place a drawing is made. Widths are near those that they are shown in, so that text keeps its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The whole width of a large screen.
    Wide,
    /// One of two columns of a large screen.
    Half,
    /// A phone, and a column of a tablet.
    Narrow,
}

impl Layout {
    /// Alone in its row.
    pub(super) const WHOLE: [Self; 2] = [Self::Wide, Self::Narrow];
    /// Beside another.
    pub(super) const HALF: [Self; 2] = [Self::Half, Self::Narrow];

    fn width(self) -> f64 {
        match self {
            Self::Wide => 1_040.0,
            Self::Half => 480.0,
            Self::Narrow => 330.0,
        }
    }

    /// What the style shows on large screens, and what on others.
    fn class(self) -> &'static str {
        match self {
            Self::Wide | Self::Half => "wide",
            Self::Narrow => "narrow",
        }
    }

    /// How many labels fit beside each other.
    fn labels(self) -> usize {
        match self {
            Self::Wide => 10,
            Self::Half => 7,
            Self::Narrow => 5,
        }
    }
}

/// Beside a plot, for the half of its last label.
const RIGHT: f64 = 26.0;

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
    let part = layout.class();
    let (title, description) = (
        format!("{}-{part}-title", caption.id),
        format!("{}-{part}-desc", caption.id),
    );
    html! {
        svg class={ "chart " (part) } viewBox=(format!("0 0 {} {height}", layout.width())) role="img"
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

    /// How many labels of this width fit below.
    fn room(&self, label: f64) -> usize {
        (((self.right - self.left) / label) as usize).max(2)
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
