//! The tree as serde reads it.

use super::fault::{Fault, one_of};
use crate::tree::{Entry, Node, Value};
use serde::{
    de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};
use std::fmt;

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
            Value::Null | Value::Gone => visitor.visit_unit(),
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
        deserialize_u16 => visit_u16,
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
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(self.refused("a word", || match self.is_one_of(words) {
                true => String::new(),
                false => format!("write one of {}", one_of(words)),
            })),
        }
    }

    /// Serde would read a list as the fields in their order; here it is a slip.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Map(_) => self.deserialize_any(visitor),
            Value::List(_) | Value::Null => Err(self.refused("a map", String::new)),
            _ => Err(self.refused("a map", || {
                let key = keys.first().copied().unwrap_or("key");
                format!("write a map, `{{ {key}: … }}`, of its keys {}", one_of(keys))
            })),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map identifier ignored_any
    }
}

impl Node {
    /// Whether quotes would make it one of some words.
    fn is_one_of(&self, words: &[&str]) -> bool {
        let text = match &self.value {
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return false,
        };
        words.contains(&text.as_str())
    }

    /// Why this is not what is wanted. `help` is asked where nothing better can be said; empty, it says nothing.
    fn refused(&self, want: &'static str, help: impl FnOnce() -> String) -> Fault {
        match de::Deserializer::deserialize_any(self, Nothing(want)) {
            Ok(()) => de::Error::custom(want),
            Err(fault) if matches!(self.value, Value::Null) => fault,
            Err(fault) => fault.with_help(help()),
        }
    }
}

/// Refuses everything, to say what stands where something else is wanted.
struct Nothing(&'static str);

impl Visitor<'_> for Nothing {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct Items<'de> {
    items: &'de [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let left = self.items.iter().enumerate().skip(self.next);
        let Some((index, item)) = left.into_iter().find(|(_, item)| !matches!(item.value, Value::Gone)) else {
            return Ok(None);
        };
        self.next = index + 1;
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
        seed.deserialize(&entry.node)
            .map_err(|fault| fault.below(&entry.key, entry.shown_at()))
    }
}
