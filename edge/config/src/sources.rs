//! Where each effective value comes from.

use crate::{
    Config,
    diagnose::{At, Diagnostic, Words},
    tree::{self, Node, Variable},
};
use serde::Serialize;
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// Stands in the file.
    File(At),
    /// Stands in the file's `defaults`.
    Defaults(At),
    /// Stands nowhere: it is the key's default.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(at) => write!(f, "line {}", at.line),
            Self::Defaults(at) => write!(f, "defaults, line {}", at.line),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

/// An effective value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Source<'a> {
    /// In canonical form; secrets are hidden.
    pub value: &'a Value,
    /// Where it comes from.
    pub origin: Origin,
    /// Variables that took part.
    pub variables: &'a [Variable],
}

/// Answers, for every effective key, what its value is and where it comes from. A path is keys joined by dots, from the root:
/// `routes.media.timeouts.connect`; items of a list by number from 0, instances also by their address.
#[derive(Debug, Clone)]
pub struct Sources {
    file: PathBuf,
    tree: Node,
    effective: Value,
}

impl Sources {
    pub(crate) fn new(file: &Path, tree: Node, config: &Config) -> Self {
        Self {
            file: file.to_owned(),
            tree,
            effective: config.effective(),
        }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The whole effective configuration: see [`Config::effective`].
    pub fn effective(&self) -> &Value {
        &self.effective
    }

    /// The value at a path, or `None` if there is none.
    pub fn get(&self, path: &str) -> Option<Source<'_>> {
        Some(self.walk(path)?.source())
    }

    /// All values at and below a path, in the order of the types; of a list of words the list is the value. Nothing if there
    /// is no such path.
    pub fn under(&self, path: &str) -> Vec<(String, Source<'_>)> {
        let mut all = Vec::new();
        if let Some(walk) = self.walk(path) {
            walk.leaves(path, &mut all);
        }
        all
    }

    fn walk(&self, path: &str) -> Option<Walk<'_>> {
        let mut walk = Walk {
            value: &self.effective,
            node: &self.tree,
            built_in: false,
        };
        let mut rest = path;
        while !rest.is_empty() {
            let (key, tail) = step(walk.value, rest)?;
            (walk, rest) = (walk.down(&key)?, tail);
        }
        Some(walk)
    }

    /// The place of a path in the file, or of the nearest part above that stands there.
    pub fn place(&self, path: &str) -> At {
        let (mut node, mut at, mut rest) = (&self.tree, self.tree.at, path);
        while !rest.is_empty() {
            let keys = node.entries().iter().map(|entry| entry.key.as_str());
            let (key, tail) = longest(keys, rest).unwrap_or_else(|| split(rest));
            let Some(child) = node.child(key) else { break };
            at = node.place(&[key]);
            (node, rest) = (child, tail);
        }
        at
    }

    /// A diagnostic about a path, with its place: for what is found only when the configuration is put to use.
    pub fn diagnostic(&self, code: &'static str, path: &str, words: impl Into<Words>) -> Diagnostic {
        Diagnostic::new(code, &self.file, self.place(path), path, words)
    }
}

/// One place in both trees at once.
#[derive(Clone, Copy)]
struct Walk<'a> {
    value: &'a Value,
    /// The nearest node that stands in the file.
    node: &'a Node,
    built_in: bool,
}

impl<'a> Walk<'a> {
    fn down(self, key: &str) -> Option<Self> {
        let value = match self.value {
            Value::Object(entries) => entries.get(key)?,
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
        // A short form (`public`, `h:1,h:2`) stands for all that it means.
        let child = self.node.child(key);
        let lacks = matches!(self.node.value, tree::Value::Map(_)) && child.is_none();
        Some(Self {
            value,
            node: child.unwrap_or(self.node),
            built_in: self.built_in || lacks,
        })
    }

    fn source(self) -> Source<'a> {
        let (origin, variables) = match (self.built_in, self.node.inherited) {
            (true, _) => (Origin::BuiltIn, &[][..]),
            (false, true) => (Origin::Defaults(self.node.at), self.node.variables.as_slice()),
            (false, false) => (Origin::File(self.node.at), self.node.variables.as_slice()),
        };
        Source {
            value: self.value,
            origin,
            variables,
        }
    }

    fn leaves(self, path: &str, all: &mut Vec<(String, Source<'a>)>) {
        let below = |key: &str| match path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        match self.value {
            Value::Object(entries) if !entries.is_empty() => {
                for key in entries.keys() {
                    if let Some(walk) = self.down(key) {
                        walk.leaves(&below(key), all);
                    }
                }
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for index in 0..items.len() {
                    let key = index.to_string();
                    if let Some(walk) = self.down(&key) {
                        walk.leaves(&below(&key), all);
                    }
                }
            }
            _ => all.push((path.to_owned(), self.source())),
        }
    }
}

/// The key of `value` that a path begins with, and the rest of the path.
fn step<'p>(value: &Value, path: &'p str) -> Option<(Cow<'p, str>, &'p str)> {
    match value {
        Value::Object(entries) => {
            let (key, tail) = longest(entries.keys().map(String::as_str), path)?;
            Some((key.into(), tail))
        }
        Value::Array(items) => {
            let address = |item: &Value| longest(item.get("address")?.as_str(), path);
            let by_address = items
                .iter()
                .enumerate()
                .find_map(|(index, item)| Some((index, address(item)?.1)));
            Some(match by_address {
                Some((index, tail)) => (index.to_string().into(), tail),
                None => {
                    let (key, tail) = split(path);
                    (key.into(), tail)
                }
            })
        }
        _ => None,
    }
}

/// The longest of some keys that a path begins with, and the rest: names may hold dots.
fn longest<'k, 'p>(keys: impl IntoIterator<Item = &'k str>, path: &'p str) -> Option<(&'p str, &'p str)> {
    let rest = |key: &str| {
        let rest = path.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with('.')).then_some(key.len())
    };
    let length = keys.into_iter().filter_map(rest).max()?;
    let (key, rest) = path.split_at(length);
    Some((key, rest.strip_prefix('.').unwrap_or(rest)))
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}
