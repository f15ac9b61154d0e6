//! From YAML to the tree.

use super::{Entry, Node, Trail, Value, guard::guard, syntax::explain};
use crate::diagnose::{At, Findings, Words, code};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};
use std::fmt;

/// Deepest nesting; the file's own keys go some seven levels deep.
const MAX_DEPTH: usize = 32;
/// Most values that aliases may add.
const MAX_REPLAYED: usize = 50_000;

impl Node {
    /// Reads YAML whose root is a map. Booleans are `true` and `false` alone (`on` is a text), merge keys are refused, and so
    /// are texts that are too large, too deep, or grow too much by aliases.
    pub(crate) fn parse(text: &str, findings: &mut Findings) -> Option<Self> {
        let mut refuse = |at, words: Words| findings.add(code::SYNTAX, at, String::new(), words);
        if let Err((at, words)) = guard(text) {
            refuse(at, words);
            return None;
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPLAYED },
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            merge_keys: MergeKeyPolicy::Error,
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            reject_unsupported_tags: true,
        };
        let mut root = match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
            Ok(root) => build(root, false),
            Err(error) => {
                let at = error.location().map(place).unwrap_or(At::START);
                let said = error.without_snippet().to_string();
                let (at, words) = explain(said.lines().next().unwrap_or_default(), text, at);
                refuse(at, words);
                return None;
            }
        };
        match root.value {
            Value::Map(_) => {}
            Value::Null => {
                let words =
                    "the file holds nothing; write the sections that must be there, or check that it is the right file";
                refuse(At::START, words.into());
                return None;
            }
            _ => {
                let words = "the file is no map of sections; begin with `version: 1`";
                findings.add(code::WRONG_KIND, root.at, String::new(), words);
                return None;
            }
        }
        root.check_keys(&Trail::ROOT, findings);
        Some(root)
    }
}

fn place(location: Location) -> At {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    At {
        line: number(location.line()),
        column: number(location.column()),
    }
}

/// An alias stands where it is used. What lies in it stands where it was written, so that its mistakes are told once.
fn build(raw: Spanned<Raw>, in_alias: bool) -> Node {
    let written = |referenced, defined| place(if in_alias { defined } else { referenced });
    let at = written(raw.referenced, raw.defined);
    let in_alias = in_alias || raw.referenced != raw.defined;
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => Value::List(items.into_iter().map(|item| build(item, in_alias)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, node): (Spanned<String>, _)| Entry {
                key_at: place(if in_alias { key.defined } else { key.referenced }),
                key: key.value,
                node: build(node, in_alias),
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node {
        at,
        value,
        interpolated: false,
        variables: Vec::new(),
        inherited: false,
    }
}

/// What the parser gives.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        self.visit_unit()
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Int(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        // Larger than any number the file may hold: the typed view refuses it by its text.
        Ok(Raw::Scalar(
            i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int),
        ))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
