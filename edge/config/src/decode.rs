//! From the tree to the types, through serde. An error says which path made it; that part is then taken out and the rest
//! read again, so that one run finds every mistake.

use crate::{
    diagnose::{At, Findings, code, did_you_mean},
    tree::{Entry, Node, Value},
};
use serde::{
    Deserialize,
    de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};
use std::{collections::HashSet, fmt};

/// Most mistakes that one run looks for.
const MOST: usize = 200;

/// What was taken out of the tree, as paths.
pub(crate) type Pruned = HashSet<Vec<String>>;

/// Reads a whole tree. Where there are findings, the result lacks the parts that made them; a section that is then missing
/// is borrowed from `skeleton`, so that the rest can be looked at. `None` if the tree is no map at all.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(
    tree: &Node,
    skeleton: &Node,
    findings: &mut Findings,
) -> (Option<T>, Pruned) {
    let mut tree = tree.clone();
    let mut pruned = Pruned::new();
    for _ in 0..MOST {
        let fault = match T::deserialize(&tree) {
            Ok(value) => return (Some(value), pruned),
            Err(fault) => fault,
        };
        let path = fault.path();
        // A key that is missing because it was taken out has been told already, and a map that makes no sense without it too.
        let known = match fault.missing {
            Some(key) => pruned.contains(&[path.clone(), vec![key.to_owned()]].concat()),
            None => {
                fault.code == code::BAD_VALUE
                    && pruned
                        .iter()
                        .any(|pruned| pruned.len() > path.len() && pruned.starts_with(&path))
            }
        };
        if !known {
            let place = if path.is_empty() {
                String::new()
            } else {
                format!("{}: ", path.join("."))
            };
            let message = if fault.code == code::UNKNOWN_KEY {
                fault.message
            } else {
                place + &fault.message
            };
            findings.add(fault.code, fault.at.unwrap_or(tree.at), message);
        }
        let borrowed = fault
            .missing
            .filter(|_| path.is_empty())
            .and_then(|key| skeleton.entry(key));
        if let Some((entry, entries)) = borrowed.zip(tree.entries_mut()) {
            entries.push(entry.clone());
        } else if tree.prune(&path) {
            pruned.insert(path);
        } else {
            break;
        }
    }
    (None, pruned)
}

/// Why a part cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    code: &'static str,
    message: String,
    at: Option<At>,
    /// Keys from the inside out.
    trail: Vec<String>,
    missing: Option<&'static str>,
}

impl Fault {
    fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            at: None,
            trail: Vec::new(),
            missing: None,
        }
    }

    fn below(mut self, key: impl Into<String>, at: At) -> Self {
        self.at.get_or_insert(at);
        self.trail.push(key.into());
        self
    }

    fn path(&self) -> Vec<String> {
        self.trail.iter().rev().cloned().collect()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(code::BAD_VALUE, message.to_string())
    }

    fn invalid_type(got: Unexpected<'_>, want: &dyn de::Expected) -> Self {
        let got = match got {
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Str(text) => format!("`{text}`"),
            Unexpected::Bool(value) => format!("`{value}`"),
            Unexpected::Signed(value) => format!("the number {value}"),
            Unexpected::Float(value) => format!("the number {value}"),
            other => other.to_string(),
        };
        let want = match want.to_string() {
            text if text.starts_with("struct ") => "a map".to_owned(),
            text if text == "a sequence" => "a list".to_owned(),
            text => text,
        };
        Self::new(code::WRONG_KIND, format!("{got} stands where {want} is wanted"))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let all = known
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let hint = did_you_mean(word, known.iter().copied());
        Self::new(code::BAD_VALUE, format!("`{word}` is not one of {all}{hint}"))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        let hint = did_you_mean(key, known.iter().copied());
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

impl<'de> IntoDeserializer<'de, Fault> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A variable's text stands for a number or a boolean where one is wanted.
macro_rules! from_variable {
    ($($method:ident => $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match &self.value {
                Value::Text(text) if self.interpolated => match text.trim().parse() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(de::Error::invalid_type(Unexpected::Str(text), &visitor)),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
            }),
        }
    }

    from_variable! {
        deserialize_bool => visit_bool,
        deserialize_i64 => visit_i64,
        deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if matches!(self.value, Value::Null) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(self
                .deserialize_any(Word)
                .err()
                .unwrap_or_else(|| de::Error::custom("a word is wanted"))),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

/// Refuses everything, to say what stands where a word is wanted.
struct Word;

impl Visitor<'_> for Word {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.get(self.next) else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        seed.deserialize(item)
            .map(Some)
            .map_err(|fault| fault.below(index.to_string(), item.at))
    }
}

struct Entries<'de> {
    entries: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|fault| fault.below(&entry.key, entry.key_at))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let entry = self
            .value
            .take()
            .ok_or_else(|| <Fault as de::Error>::custom("a value without a key"))?;
        // A map that lacks a key, or an empty value, is best shown at its key.
        let at = if matches!(entry.node.value, Value::Map(_) | Value::Null) {
            entry.key_at
        } else {
            entry.node.at
        };
        seed.deserialize(&entry.node)
            .map_err(|fault| fault.below(&entry.key, at))
    }
}
