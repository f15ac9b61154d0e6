//! `expect` and `capture`: what an answer must be, and what is kept of it.

use super::{
    named::{Named, entries},
    pointer::Pointer,
    quantity::{Count, one_or_many},
};
use crate::journey::template::{Gap, JsonTemplate, Template, is_name};
use edge_config::units::from_text;
use serde::{Deserialize, Deserializer};
use std::str::FromStr;

/// `expect`: all of it must hold. Without `status` any 2xx is right.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// One of these.
    #[serde(deserialize_with = "one_or_many")]
    pub status: Vec<u16>,
    /// Each has this value.
    pub headers: Named<Template>,
    /// What stands at a place; with `*` at each of them.
    pub json: Places<JsonTemplate>,
    /// Of which kind it is.
    pub types: Places<Kind>,
    /// How many items a list has.
    pub count: Places<Count>,
    /// No two are equal: `/posts/*/id`.
    #[serde(deserialize_with = "one_or_many")]
    pub unique: Vec<Pointer>,
    /// The whole body.
    pub body: Option<Template>,
    /// The body has these somewhere.
    #[serde(deserialize_with = "one_or_many")]
    pub contains: Vec<Template>,
    /// The body's length.
    pub bytes: Option<Count>,
    /// The body's SHA-256.
    pub sha256: Option<Sha256>,
    /// Where the answer carries this iteration's nonce back: `body` for anywhere, or a place. If it does not, it is stale.
    pub nonce: Option<Carries>,
}

/// Values by place in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Places<T>(pub Vec<(Pointer, T)>);

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Places<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        entries(deserializer).map(Self)
    }
}

/// Kinds of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// As the file spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// 64 hexadecimal digits, or gaps that make them: `{{picture}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sha256(pub Template);

impl FromStr for Sha256 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let template = Template::parse(text)?;
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if template.constant().is_some_and(|text| !is_hash(text)) {
            return Err(format!(
                "`{text}` is not a SHA-256; write 64 hexadecimal digits, or `{{{{name}}}}` for what a file's `sha256: name` keeps"
            ));
        }
        Ok(Self(template))
    }
}

/// Where a nonce comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carries {
    /// Anywhere in the body.
    Body,
    /// Within the text at a place.
    At(Pointer),
}

impl FromStr for Carries {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "body" => Ok(Self::Body),
            place if place.starts_with('/') => place.parse().map(Self::At),
            _ => Err(format!(
                "`{text}`: write `body` for anywhere in it, or a place like `/data/id`"
            )),
        }
    }
}

/// `capture`: where a variable's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At a place in the answer's JSON; of several, one of them by chance.
    Json(Pointer),
    /// A header.
    Header(http::HeaderName),
    /// A cookie that the answer sets.
    Cookie(String),
    /// The whole body.
    Body,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}`: write a place like `/data/id`, `header NAME`, `cookie NAME` or `body`");
        match text.split_once(' ') {
            None if text == "body" => Ok(Self::Body),
            None if text.starts_with('/') => text.parse().map(Self::Json),
            Some(("header", name)) => name.parse().map(Self::Header).map_err(|_| wrong()),
            Some(("cookie", name)) if !name.is_empty() => Ok(Self::Cookie(name.to_owned())),
            _ => Err(wrong()),
        }
    }
}

macro_rules! read_as_text {
    ($($type:ty: $what:literal,)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, $what)
            }
        }
    )*};
}

read_as_text! {
    Sha256: "a SHA-256",
    Carries: "`body` or a place in JSON",
    Source: "a place in the answer",
}

/// Names of variables must be readable by templates.
pub(super) fn check_names(variables: &Named<impl Sized>) -> Result<(), String> {
    match variables.names().find(|name| !is_name(name)) {
        Some(name) => Err(format!(
            "`{name}` is not a name; a variable has letters, digits and `_`"
        )),
        None => Ok(()),
    }
}

impl Expect {
    /// Whether it can hold for what is no HTTP answer: a message, an event.
    pub(super) fn is_of_content(&self) -> bool {
        self.status.is_empty() && self.headers.is_empty()
    }

    /// All gaps in its templates.
    pub(super) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        let texts = self
            .headers
            .iter()
            .map(|(_, text)| text)
            .chain(&self.body)
            .chain(&self.contains)
            .chain(self.sha256.as_ref().map(|hash| &hash.0));
        texts
            .flat_map(Template::gaps)
            .chain(self.json.0.iter().flat_map(|(_, value)| value.gaps()))
    }
}
