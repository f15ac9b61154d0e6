//! Reads out of JSON what is asked for, and passes over the rest.

use crate::scenario::{
    expect::Kind,
    pointer::{Pointer, Segment},
};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::fmt;

/// What is asked for at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The value.
    Value,
    /// How many items it has.
    Count,
    /// Its kind.
    Kind,
}

/// What was found at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    Value(Value),
    /// `None` for what is no list.
    Count(Option<u64>),
    Kind(Kind),
}

/// The places that are asked for, as a tree.
#[derive(Debug, Default)]
pub(super) struct Shape {
    root: Node,
    wants: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// What is wanted here, and where it goes.
    wants: Vec<(usize, Want)>,
    children: Vec<(Segment, Node)>,
}

/// What was found for each want, in the order of the document.
pub(super) type Findings = Vec<Vec<Found>>;

impl Shape {
    /// Asks for something; its number among the findings.
    pub(super) fn want(&mut self, pointer: &Pointer, want: Want) -> usize {
        let mut node = &mut self.root;
        for segment in &pointer.segments {
            let at = node.children.iter().position(|(own, _)| own == segment);
            let at = at.unwrap_or_else(|| {
                node.children.push((segment.clone(), Node::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.wants.push((self.wants, want));
        self.wants += 1;
        self.wants - 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wants == 0
    }

    /// Reads a document.
    pub(super) fn read(&self, json: &[u8]) -> Result<Findings, serde_json::Error> {
        let mut findings = vec![Vec::new(); self.wants];
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let reader = Reader {
            node: &self.root,
            findings: &mut findings,
        };
        reader.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(findings)
    }
}

impl Node {
    /// Whether its value must be built: it is wanted itself, or an item goes two ways.
    fn is_whole(&self) -> bool {
        let each = self.children.iter().any(|(segment, _)| *segment == Segment::Each);
        self.wants.iter().any(|(_, want)| *want == Want::Value) || (each && self.children.len() > 1)
    }

    fn child(&self, key: &str) -> Option<&Self> {
        let fits = |segment: &Segment| matches!(segment, Segment::Key(own) if own == key);
        self.children
            .iter()
            .find(|(segment, _)| fits(segment))
            .map(|(_, child)| child)
    }

    fn item(&self, index: usize) -> Option<&Self> {
        match self.children.as_slice() {
            [] => None,
            [(Segment::Each, child)] => Some(child),
            _ => self.child(&index.to_string()),
        }
    }

    fn tell(&self, kind: Kind, count: Option<u64>, findings: &mut Findings) {
        for (place, want) in &self.wants {
            match want {
                Want::Kind => findings[*place].push(Found::Kind(kind)),
                Want::Count => findings[*place].push(Found::Count(count)),
                Want::Value => {}
            }
        }
    }

    /// The same over a value that was built.
    fn walk(&self, value: &Value, findings: &mut Findings) {
        for (place, want) in &self.wants {
            findings[*place].push(match want {
                Want::Value => Found::Value(value.clone()),
                Want::Kind => Found::Kind(kind_of(value)),
                Want::Count => Found::Count(value.as_array().map(|items| items.len() as u64)),
            });
        }
        for (segment, child) in &self.children {
            match (segment, value) {
                (Segment::Each, Value::Array(items)) => items.iter().for_each(|item| child.walk(item, findings)),
                (Segment::Key(key), Value::Object(map)) => {
                    map.get(key).into_iter().for_each(|value| child.walk(value, findings));
                }
                (Segment::Key(key), Value::Array(items)) => {
                    let item = key.parse::<usize>().ok().and_then(|index| items.get(index));
                    item.into_iter().for_each(|item| child.walk(item, findings));
                }
                _ => {}
            }
        }
    }
}

pub(super) fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    }
}

struct Reader<'a> {
    node: &'a Node,
    findings: &'a mut Findings,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.node.is_whole() {
            let value: Value = serde::Deserialize::deserialize(deserializer)?;
            self.node.walk(&value, self.findings);
            return Ok(());
        }
        if self.node.wants.is_empty() && self.node.children.is_empty() {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.node.tell(Kind::Null, None, self.findings);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.node.tell(Kind::Boolean, None, self.findings);
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.node.tell(Kind::Number, None, self.findings);
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.node.tell(Kind::Number, None, self.findings);
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.node.tell(Kind::Number, None, self.findings);
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.node.tell(Kind::String, None, self.findings);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let nothing = Node::default();
        let mut count = 0;
        loop {
            let node = self.node.item(count).unwrap_or(&nothing);
            let reader = Reader {
                node,
                findings: &mut *self.findings,
            };
            if seq.next_element_seed(reader)?.is_none() {
                break;
            }
            count += 1;
        }
        self.node.tell(Kind::Array, Some(count as u64), self.findings);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Key(self.node))? {
            match child {
                Some(node) => map.next_value_seed(Reader {
                    node,
                    findings: &mut *self.findings,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.node.tell(Kind::Object, None, self.findings);
        Ok(())
    }
}

/// Finds the child of a key without keeping the key.
struct Key<'a>(&'a Node);

impl<'a, 'de> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(key))
    }
}
