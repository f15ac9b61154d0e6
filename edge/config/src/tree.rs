//! The file as a tree whose every node knows its place. Defaults are merged and variables filled in here, so that the
//! typed view comes last and each mistake still points at the line that made it.

use crate::diagnose::{At, Findings, code};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};
use std::fmt;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
    /// Whether a variable took part: then `"2"` may stand for a number.
    pub(crate) interpolated: bool,
}

/// What YAML has.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

impl Node {
    /// Reads YAML. Booleans are `true` and `false` alone (`on` is a text), merge keys are refused.
    pub(crate) fn parse(text: &str, findings: &mut Findings) -> Option<Self> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            merge_keys: MergeKeyPolicy::Error,
            strict_booleans: true,
        };
        match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
            Ok(root) => {
                let mut root = build(root);
                root.drop_duplicates(findings);
                Some(root)
            }
            Err(error) => {
                let at = error.location().map(place).unwrap_or_default();
                let text = error.without_snippet().to_string();
                findings.add(code::SYNTAX, at, text.lines().next().unwrap_or("not YAML").to_owned());
                None
            }
        }
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value {
            entries
        } else {
            &[]
        }
    }

    /// The entries of a map, to change.
    pub(crate) fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        if let Value::Map(entries) = &mut self.value {
            Some(entries)
        } else {
            None
        }
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The place of the value at a path of keys and list indices, or of the nearest node above it that exists.
    pub(crate) fn place(&self, path: &[&str]) -> At {
        let Some((first, rest)) = path.split_first() else {
            return self.at;
        };
        let child = match &self.value {
            Value::Map(_) => self.entry(first).map(|entry| &entry.node),
            Value::List(items) => first.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        child.map_or(self.at, |child| child.place(rest))
    }

    /// Takes out what a path names; `false` if it names nothing.
    pub(crate) fn prune(&mut self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        match &mut self.value {
            Value::Map(entries) => {
                let Some(index) = entries.iter().position(|entry| entry.key == *first) else {
                    return false;
                };
                if rest.is_empty() {
                    entries.remove(index);
                    return true;
                }
                entries[index].node.prune(rest)
            }
            Value::List(items) => {
                let Some(index) = first.parse().ok().filter(|index| *index < items.len()) else {
                    return false;
                };
                if rest.is_empty() {
                    items.remove(index);
                    return true;
                }
                items[index].prune(rest)
            }
            _ => false,
        }
    }

    /// Lays this node's entries over `below`: maps merge, all else replaces.
    pub(crate) fn over(self, below: &Self) -> Self {
        let (
            Value::Map(inherited),
            Self {
                at,
                value: Value::Map(mut own),
                interpolated,
            },
        ) = (&below.value, self.clone())
        else {
            return self;
        };
        for entry in inherited {
            match own.iter_mut().find(|mine| mine.key == entry.key) {
                Some(mine) => mine.node = mine.node.clone().over(&entry.node),
                None => own.push(entry.clone()),
            }
        }
        Self {
            at,
            value: Value::Map(own),
            interpolated,
        }
    }

    /// Runs over all texts.
    pub(crate) fn each_text(&mut self, change: &mut dyn FnMut(&mut String, At) -> bool) {
        match &mut self.value {
            Value::Text(text) => self.interpolated |= change(text, self.at),
            Value::List(items) => items.iter_mut().for_each(|item| item.each_text(change)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.each_text(change)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn drop_duplicates(&mut self, findings: &mut Findings) {
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.drop_duplicates(findings)),
            Value::Map(entries) => {
                let mut seen: Vec<(String, u32)> = Vec::new();
                entries.retain(|entry| {
                    let first = seen.iter().find(|(key, _)| *key == entry.key).map(|(_, line)| *line);
                    match first {
                        Some(line) => {
                            let message = format!("key `{}` is here twice; the first is on line {line}", entry.key);
                            findings.add(code::DUPLICATE_KEY, entry.key_at, message);
                        }
                        None => seen.push((entry.key.clone(), entry.key_at.line)),
                    }
                    first.is_none()
                });
                entries
                    .iter_mut()
                    .for_each(|entry| entry.node.drop_duplicates(findings));
            }
            _ => {}
        }
    }
}

fn place(location: Location) -> At {
    let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    At {
        line: number(location.line()),
        column: number(location.column()),
    }
}

fn build(raw: Spanned<Raw>) -> Node {
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => Value::List(items.into_iter().map(build).collect()),
        Raw::Map(entries) => {
            let entry = |(key, node): (Spanned<String>, _)| Entry {
                key_at: place(key.referenced),
                key: key.value,
                node: build(node),
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node {
        at: place(raw.referenced),
        value,
        interpolated: false,
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
