//! The file as a tree whose every node knows its place. Defaults are merged and variables filled in here, so that the
//! typed view comes last and each mistake still points at the line that made it.

mod guard;
mod keys;
mod merge;
mod parse;
mod syntax;
mod trail;

pub(crate) use guard::text_of;
pub(crate) use trail::Trail;

use crate::diagnose::At;
use serde::Serialize;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
    /// Whether it was interpolated: then `"2"` may stand for a number.
    pub(crate) interpolated: bool,
    /// Variables that took part.
    pub(crate) variables: Vec<Variable>,
    /// Whether it comes from `defaults`.
    pub(crate) inherited: bool,
}

/// A variable that took part in a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether it was set; else its default in the file stands.
    pub set: bool,
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
    /// An item of a list that was taken out; those behind it keep their numbers.
    Gone,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

impl Entry {
    /// Where a mistake is shown: a map that lacks a key, or an empty value, at its key.
    pub(crate) fn shown_at(&self) -> At {
        match self.node.value {
            Value::Map(_) | Value::Null => self.key_at,
            _ => self.node.at,
        }
    }
}

impl Node {
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

    /// The value of a key of a map, or of a number in a list.
    pub(crate) fn child(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(_) => self.entry(key).map(|entry| &entry.node),
            Value::List(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        }
    }

    /// The value at a path of keys and list indices.
    pub(crate) fn at_path<K: AsRef<str>>(&self, path: &[K]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.child(key.as_ref()))
    }

    /// The place of the value at a path of keys and list indices, or of the nearest node above it that exists. What stands on
    /// the lines below its key is shown at the key.
    pub(crate) fn place<K: AsRef<str>>(&self, path: &[K]) -> At {
        let (mut node, mut at) = (self, self.at);
        for key in path {
            let key = key.as_ref();
            let Some(child) = node.child(key) else { break };
            at = match node.entry(key) {
                Some(entry) if child.at.line > entry.key_at.line => entry.key_at,
                _ => child.at,
            };
            node = child;
        }
        at
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
                let Some(item) = first.parse::<usize>().ok().and_then(|index| items.get_mut(index)) else {
                    return false;
                };
                if rest.is_empty() {
                    item.value = Value::Gone;
                    return true;
                }
                item.prune(rest)
            }
            _ => false,
        }
    }
}
