//! Why a part cannot be read.

use crate::{
    diagnose::{At, Words, code, did_you_mean},
};
use serde::de::{self, Unexpected};
use std::fmt;

/// Why a part cannot be read, and which.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) code: &'static str,
    pub(super) words: Words,
    pub(super) at: Option<At>,
    /// Keys from the inside out.
    trail: Vec<String>,
    /// The key that is not there.
    pub(super) missing: Option<&'static str>,
}

impl Fault {
    fn new(code: &'static str, words: impl Into<Words>) -> Self {
        Self {
            code,
            words: words.into(),
            at: None,
            trail: Vec::new(),
            missing: None,
        }
    }

    /// The same, seen from the map or list around.
    pub(super) fn below(mut self, key: impl Into<String>, at: At) -> Self {
        self.at.get_or_insert(at);
        self.trail.push(key.into());
        self
    }

    /// Keys from the root.
    pub(super) fn path(&self) -> Vec<String> {
        self.trail.iter().rev().cloned().collect()
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
        Self::new(code::WRONG_KIND, format!("{got} stands where {want} is wanted{help}"))
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
        Self::new(code::BAD_VALUE, format!("`{got}` is out of range; write a whole number {range}"))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let all = known.iter().map(|word| format!("`{word}`"));
        let all = all.collect::<Vec<_>>().join(", ");
        let hint = did_you_mean(word, known.iter().copied());
        Self::new(code::BAD_VALUE, format!("`{word}` is not one of {all}{hint}"))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        let other_name = || OTHER_NAMES.iter().find(|(other, ours)| *other == key && known.contains(ours));
        let hint = match (did_you_mean(key, known.iter().copied()), other_name()) {
            (hint, _) if !hint.is_empty() => hint,
            (_, Some((_, ours))) => format!("; did you mean `{ours}`?"),
            _ if known.is_empty() => "; there are no keys here".to_owned(),
            _ => format!("; {KEYS_HERE} `{}`", known.join("`, `")),
        };
        Self::new(code::UNKNOWN_KEY, format!("unknown key `{key}`{hint}"))
    }

    fn missing_field(key: &'static str) -> Self {
        let fault = Self::new(code::MISSING_KEY, format!("key `{key}` is missing"));
        Self {
            missing: Some(key),
            ..fault
        }
    }
}

/// How the help of an unknown key begins that looks like none of those there are.
pub(crate) const KEYS_HERE: &str = "keys here are";

/// What other proxies call keys of ours.
const OTHER_NAMES: [(&str, &str); 18] = [
    ("backend", "upstream"),
    ("backends", "upstreams"),
    ("cluster", "upstream"),
    ("clusters", "upstreams"),
    ("endpoints", "targets"),
    ("listen", "bind"),
    ("location", "match"),
    ("matcher", "match"),
    ("nodes", "targets"),
    ("prefix", "path_prefix"),
    ("proxy_pass", "upstream"),
    ("rule", "match"),
    ("servers", "targets"),
    ("service", "upstream"),
    ("services", "upstreams"),
    ("timeout", "timeouts"),
    ("url", "address"),
    ("verb", "methods"),
];

/// What may have been meant.
fn help(got: &Unexpected<'_>, want: &str) -> String {
    match got {
        Unexpected::Str(text) if want == "a boolean" => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "y" => "; write `true`".to_owned(),
            "no" | "off" | "false" | "n" => "; write `false`".to_owned(),
            _ => "; write `true` or `false`".to_owned(),
        },
        Unexpected::Str(text) if want == "a list" => format!("; write `[{text}]`"),
        Unexpected::Str(text) if want == "a whole number" => {
            let digits: String = text.chars().filter(|c| *c != '_').collect();
            match digits.parse::<u64>() {
                Ok(number) => format!("; write `{number}`"),
                Err(_) => String::new(),
            }
        }
        Unexpected::Float(value) if want == "a whole number" && value.fract() == 0.0 && value.abs() < 1e15 => {
            format!("; write `{value}`")
        }
        Unexpected::Signed(value) if want == "a string" || want == "a word" => format!("; put it in quotes: `\"{value}\"`"),
        Unexpected::Float(value) if want == "a string" || want == "a word" => format!("; put it in quotes: `\"{value}\"`"),
        Unexpected::Bool(value) if want == "a string" || want == "a word" => format!("; put it in quotes: `\"{value}\"`"),
        Unexpected::Unit => "; write a value, or take the key out".to_owned(),
        _ => String::new(),
    }
}
