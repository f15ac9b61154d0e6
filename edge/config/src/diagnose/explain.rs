//! A page of text for each code. The pages stand in `pages/`, so that they can be written as what they are.

use super::{code, near};
use crate::check::NOT_YET;
use std::fmt::Write as _;

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The code.
    pub code: &'static str,
    /// A few words.
    pub title: String,
    /// What it means, an example, the cure and why, in Markdown, title included.
    pub text: String,
}

macro_rules! pages {
    ($($code:ident => $file:literal,)*) => {
        const PAGES: &[(&str, &str)] = &[$((code::$code, include_str!(concat!("pages/", $file, ".md"))),)*];
    };
}

pages! {
    SYNTAX => "E100",
    UNKNOWN_KEY => "E101",
    DUPLICATE_KEY => "E102",
    MISSING_KEY => "E103",
    WRONG_KIND => "E104",
    TOO_MANY => "E109",
    BAD_VALUE => "E110",
    INTERPOLATION => "E120",
    CONTRADICTION => "E130",
    DANGLING => "E201",
    MISSING_FILE => "E210",
    BAD_FILE => "E211",
    CERTIFICATE => "E212",
    COMPOSITION => "E220",
    SHADOWED => "E301",
    NEVER_ROUTED => "E302",
    UNUSED => "W401",
    STICKY => "W402",
    NEVER_ACTS => "W403",
    BODY => "W404",
    NESTING => "W405",
    EXPOSED => "W406",
    INLINE_SECRET => "W407",
    DRY_RUN => "W408",
    EXPIRING => "W409",
    ODD_METHOD => "W410",
    BELIEVED => "W411",
    SAME_NAME => "W412",
    NO_STREAM => "W413",
    KEY_PASSED_OVER => "W414",
    OPEN_TO_FORGERY => "W415",
    NEVER_HEDGED => "W416",
    MORE_WARNINGS => "W499",
    NO_ADDRESS => "E511",
    NO_KEYS => "E512",
    INTERNAL => "E599",
}

/// All codes with their pages, in order.
pub fn pages() -> Vec<Page> {
    let written = PAGES.iter().map(|(code, text)| {
        let title = text.lines().next().unwrap_or_default();
        let title = title.split_once(": ").map_or(title, |(_, title)| title);
        Page {
            code,
            title: title.to_owned(),
            text: (*text).to_owned(),
        }
    });
    let not_yet = NOT_YET.iter().map(|row| {
        let title = format!("`{}` is not acted on yet", row.key);
        let text = format!(
            "# {}: {title}\n\nThe key is understood, its value is checked, and the edge does nothing with it yet:\n{}.\n\n\
             Take it out, or keep it for a version that acts on it: this warning then goes away by itself. No key is ever\n\
             ignored silently.\n",
            row.code, row.instead
        );
        Page {
            code: row.code,
            title,
            text,
        }
    });
    written.chain(not_yet).collect()
}

/// The page of a code, in upper or lower case.
///
/// # Errors
/// There is no such code; the text says so, and which was probably meant.
pub fn explain(code: &str) -> Result<Page, String> {
    let pages = pages();
    let wanted = code.trim().to_ascii_uppercase();
    let known: Vec<&str> = pages.iter().map(|page| page.code).collect();
    let hint = match near::nearest(&wanted, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("codes are {}", known.join(", ")),
    };
    let page = pages.into_iter().find(|page| page.code == wanted);
    page.ok_or_else(|| format!("there is no code `{code}`; {hint}"))
}

/// All pages as one document, `docs/edge-errors.md`.
pub fn reference() -> String {
    let pages = pages();
    let mut text = String::from(
        "# What `edge check` may say\n\n\
         `E…` is an error: the configuration is not used. `W…` is a warning: it is used, and hardly does what was meant. Codes\n\
         are stable. `edge check --explain CODE` prints a page of this document, which is made from them by `edge schema\n\
         --format errors`.\n\n| code | |\n|---|---|\n",
    );
    for page in &pages {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| [{0}](#{1}) | {2} |",
            page.code,
            page.code.to_ascii_lowercase(),
            page.title
        );
    }
    for page in &pages {
        let body = page.text.split_once('\n').map_or("", |(_, body)| body);
        let _ = write!(text, "\n## {}\n\n**{}**\n{body}", page.code, page.title);
    }
    text
}
