//! Why a part cannot be read.

use crate::{
    de::LISTEN,
    diagnose::{At, Words, code, nearest},
};
use serde::de::{self, Unexpected};
use std::{fmt, ops::Deref};

/// Why a part cannot be read, and which. In a box: every value that is read would carry its size.
#[derive(Debug)]
pub(crate) struct Fault(Box<About>);

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(super) code: &'static str,
    pub(super) words: Words,
    pub(super) at: Option<At>,
    /// Keys from the inside out.
    trail: Vec<String>,
    /// The key that is not there.
    pub(super) missing: Option<&'static str>,
    /// The key that an unknown one was meant to be.
    pub(super) meant: Option<&'static str>,
}

impl Fault {
    fn new(code: &'static str, words: impl Into<Words>) -> Self {
        Self(Box::new(About {
            code,
            words: words.into(),
            ..About::default()
        }))
    }

    /// The same, seen from the map or list around.
    pub(super) fn below(mut self, key: impl Into<String>, at: At) -> Self {
        self.0.at.get_or_insert(at);
        self.0.trail.push(key.into());
        self
    }

    /// The same with another cure, if there is one.
    pub(super) fn with_help(mut self, help: String) -> Self {
        if !help.is_empty() {
            self.0.words.help = help;
        }
        self
    }

    /// Keys from the root.
    pub(super) fn path(&self) -> Vec<String> {
        self.0.trail.iter().rev().cloned().collect()
    }
}

impl Deref for Fault {
    type Target = About;

    fn deref(&self) -> &About {
        &self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.words.message, self.words.help)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(code::BAD_VALUE, message.to_string())
    }

    fn invalid_type(got: Unexpected<'_>, want: &dyn de::Expected) -> Self {
        let want = match want.to_string() {
            text if text.starts_with("struct ") => "a map".to_owned(),
            text if text == "a sequence" => "a list".to_owned(),
            text if text == "a string" => "a text".to_owned(),
            text if matches!(text.as_str(), "u16" | "u32" | "u64" | "usize" | "i64") => "a whole number".to_owned(),
            text => text,
        };
        let help = help(&got, &want);
        let got = match got {
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Str(text) => format!("`{text}`"),
            Unexpected::Bool(value) => format!("`{value}`"),
            Unexpected::Signed(value) => format!("the number {value}"),
            Unexpected::Unsigned(value) => format!("the number {value}"),
            Unexpected::Float(value) => format!("the number {value}"),
            other => other.to_string(),
        };
        Self::new(code::WRONG_KIND, format!("{got} stands where {want} is wanted; {help}"))
    }

    fn invalid_value(got: Unexpected<'_>, want: &dyn de::Expected) -> Self {
        let got = match got {
            Unexpected::Signed(value) => value.to_string(),
            Unexpected::Unsigned(value) => value.to_string(),
            other => other.to_string(),
        };
        let range = match want.to_string().as_str() {
            "u16" => "from 0 to 65535".to_owned(),
            "u32" => format!("from 0 to {}", u32::MAX),
            "u64" | "usize" => "from 0 up".to_owned(),
            other => other.to_owned(),
        };
        Self::new(
            code::BAD_VALUE,
            format!("`{got}` is out of range; write a whole number {range}"),
        )
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let all = one_of(known);
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() == 1 => "write that".to_owned(),
            None => "write one of them".to_owned(),
        };
        Self::new(code::BAD_VALUE, format!("`{word}` is not one of {all}; {help}"))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        let (name, value) = key.split_once(':').unwrap_or((key, ""));
        let near = meant(name, known);
        let help = match near {
            Some(near) if !value.is_empty() => format!("write `{near}: {value}`, with a space behind the colon"),
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there are no keys here".to_owned(),
            None => format!("{KEYS_HERE} {}", one_of(known)),
        };
        let mut fault = Self::new(code::UNKNOWN_KEY, format!("unknown key `{key}`; {help}"));
        fault.0.meant = near;
        fault
    }

    fn missing_field(key: &'static str) -> Self {
        let mut fault = Self::new(code::MISSING_KEY, format!("key `{key}` is missing; add it: `{key}: …`"));
        fault.0.missing = Some(key);
        fault
    }
}

/// Words in a row: `` `a`, `b` ``.
pub(super) fn one_of(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// How the help of an unknown key begins that looks like none of those there are.
pub(crate) const KEYS_HERE: &str = "keys here are";

/// The key that an unknown one was meant to be: it differs by a slip, has another name elsewhere, or one is a part of the
/// other (`origins`, `allow_origins`).
fn meant(key: &str, known: &'static [&'static str]) -> Option<&'static str> {
    let other_name = || {
        let mut names = OTHER_NAMES.iter();
        names.find(|(other, ours)| *other == key && known.contains(ours))
    };
    let part = || {
        let holds = |whole: &str, part: &str| format!("_{whole}_").contains(&format!("_{part}_"));
        let mut parts = known.iter().filter(|known| holds(known, key) || holds(key, known));
        // One alone: of several none is meant more than another.
        parts.next().filter(|_| parts.next().is_none())
    };
    nearest(key, known.iter().copied())
        .or_else(|| other_name().map(|(_, ours)| *ours))
        .or_else(|| part().copied())
}

/// How the help of an unknown key begins that was meant to be one which is there.
pub(crate) const MEANT: &str = "it is for";

/// What other proxies call keys of ours.
const OTHER_NAMES: [(&str, &str); 34] = [
    ("address", "bind"),
    ("backend", "upstream"),
    ("backends", "upstreams"),
    ("cluster", "upstream"),
    ("clusters", "upstreams"),
    ("endpoints", "targets"),
    ("gzip", "compression"),
    ("host", "address"),
    ("host", "bind"),
    ("limit", "rate"),
    ("listen", "bind"),
    ("name", "cookie"),
    ("location", "match"),
    ("matcher", "match"),
    ("nodes", "targets"),
    ("port", "address"),
    ("port", "bind"),
    ("prefix", "path_prefix"),
    ("proxy_pass", "upstream"),
    ("requests", "rate"),
    ("rule", "match"),
    ("servers", "targets"),
    ("service", "upstream"),
    ("services", "upstreams"),
    ("strip_path", "rewrite_prefix"),
    ("strip_prefix", "rewrite_prefix"),
    ("target", "upstream"),
    ("timeout", "timeouts"),
    ("url", "address"),
    ("url", "upstream"),
    ("uri", "path"),
    ("uri", "upstream"),
    ("verb", "methods"),
    ("websocket", "streaming"),
];

/// What may have been meant.
fn help(got: &Unexpected<'_>, want: &str) -> String {
    let quoted = |value: &dyn fmt::Display| format!("put it in quotes: `\"{value}\"`");
    match (got, want) {
        (Unexpected::Str(text), "a boolean") => boolean(text),
        (Unexpected::Str(text), "a list") => format!("write `{}`", list(text)),
        (Unexpected::Str(text), "a whole number") => whole_number(text),
        (Unexpected::Float(value), "a whole number") if value.fract() == 0.0 && value.abs() < 1e15 => {
            format!("write `{value}`")
        }
        (Unexpected::Signed(value), "a text" | "a word") => quoted(value),
        (Unexpected::Float(value), "a text" | "a word") => quoted(value),
        (Unexpected::Bool(value), "a text" | "a word") => quoted(value),
        (Unexpected::Signed(port), LISTEN) => format!("write `\"0.0.0.0:{port}\"` for all addresses of this machine"),
        (Unexpected::Map, "a text" | "a word") => {
            "write the value alone; if the braces belong to it, put it in quotes".to_owned()
        }
        (Unexpected::Map, want) if want.starts_with("a list") => {
            "make it an item of one: put `- ` before it, or brackets around it".to_owned()
        }
        (Unexpected::Seq, "a map") => "write `name: value`, and no `-` before it".to_owned(),
        (Unexpected::Unit, _) => "write a value, or take the key out".to_owned(),
        (_, "a boolean") => "write `true` or `false`".to_owned(),
        _ => format!("write {want}"),
    }
}

/// A text as the items of a list: what YAML would take for something else is put in quotes.
fn list(text: &str) -> String {
    let item = |item: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:-+".contains(&b);
        let special = item.starts_with(['-', ':']) || item.ends_with(':') || !item.bytes().all(plain);
        if special || item.is_empty() {
            format!("\"{item}\"")
        } else {
            item.to_owned()
        }
    };
    let items: Vec<String> = text.split(',').map(|part| item(part.trim())).collect();
    format!("[{}]", items.join(", "))
}

fn boolean(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "true" | "false" => format!("take the quotes away: `{}`", text.to_ascii_lowercase()),
        "yes" | "on" | "y" => "write `true`".to_owned(),
        "no" | "off" | "n" => "write `false`".to_owned(),
        _ => "write `true` or `false`".to_owned(),
    }
}

fn whole_number(text: &str) -> String {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    match digits.parse::<u64>() {
        Ok(number) if number.to_string() == text => format!("take the quotes away: `{text}`"),
        Ok(number) => format!("write `{number}`"),
        Err(_) => "write a number in digits".to_owned(),
    }
}
