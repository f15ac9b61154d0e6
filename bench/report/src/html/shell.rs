//! What every page has: its head, its header with the verdict, its sections and their list.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// Allows what is in the page, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// A small chart; without one, browsers ask the page's host for it.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
    height='16' rx='3' fill='%230d6e6e'/%3E%3Cpath d='M3 12h2V8H3zm4 0h2V4H7zm4 0h2V6h-2z' fill='%23fff'/%3E%3C/svg%3E";

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    /// No statement about the system at all.
    Void,
    Neutral,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Void => "void",
            Self::Neutral => "neutral",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Void => "!",
            Self::Neutral => "≈",
        }
    }
}

/// The first thing read.
pub(super) struct Verdict {
    pub(super) tone: Tone,
    /// `PASSED`.
    pub(super) word: String,
    /// One sentence.
    pub(super) summary: String,
    /// Why.
    pub(super) reasons: Vec<String>,
}

/// A page before it is written.
pub(super) struct Page {
    /// What kind of report.
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) description: String,
    /// Under the description, in small: when and where.
    pub(super) facts: Vec<String>,
    pub(super) verdict: Option<Verdict>,
    /// What a reader must know before he believes a figure.
    pub(super) notes: Vec<String>,
    /// Right below the verdict.
    pub(super) lead: Markup,
    pub(super) sections: Vec<Section>,
}

/// A part of a page with its heading.
pub(super) struct Section {
    id: String,
    title: String,
    content: Markup,
}

impl Section {
    /// A section; its id follows from its place, so that no name of a report can collide with another.
    pub(super) fn new(id: impl Into<String>, title: impl Into<String>, content: Markup) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            content,
        }
    }
}

impl Page {
    /// The document.
    pub(super) fn render(self) -> Markup {
        let word = self
            .verdict
            .as_ref()
            .map_or(String::new(), |verdict| format!("{}: ", verdict.word));
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content={ "bench " (env!("CARGO_PKG_VERSION")) };
                    title { (word) (self.title) " · " (self.kind) }
                    link rel="icon" href=(PreEscaped(ICON));
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a class="skip" href="#content" { "To the figures" }
                    header { div class="in" {
                        p class="kind" { "bench · " (self.kind) }
                        h1 { (self.title) }
                        @if !self.description.is_empty() { p class="description" { (self.description) } }
                        @if !self.facts.is_empty() {
                            ul class="facts" { @for fact in &self.facts { li { (fact) } } }
                        }
                        @if let Some(verdict) = &self.verdict { (verdict.render()) }
                        @if !self.notes.is_empty() {
                            div class="notes" {
                                p { "Worth knowing" }
                                ul { @for note in &self.notes { li { (note) } } }
                            }
                        }
                    } }
                    main id="content" class="in" {
                        (self.lead)
                        @if self.sections.len() > 2 {
                            nav aria-label="Sections" { ul {
                                @for section in &self.sections { li { a href={ "#" (section.id) } { (section.title) } } }
                            } }
                        }
                        @for section in &self.sections {
                            section id=(section.id) aria-labelledby={ (section.id) "-h" } {
                                h2 id={ (section.id) "-h" } { (section.title) }
                                (section.content)
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Verdict {
    fn render(&self) -> Markup {
        html! {
            div class={ "verdict " (self.tone.class()) } role="status" {
                span class="sign" aria-hidden="true" { (self.tone.sign()) }
                div {
                    p class="word" { (self.word) }
                    p { (self.summary) }
                    @if !self.reasons.is_empty() { ul { @for reason in &self.reasons { li { (reason) } } } }
                }
            }
        }
    }
}
