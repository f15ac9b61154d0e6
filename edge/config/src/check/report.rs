//! Where checks tell what they find.

use crate::{
    decode::Pruned,
    diagnose::{At, Findings, Words, code},
    tree::Node,
};

/// Where checks tell what they find. Paths are keys and list indices from the root.
#[derive(Debug)]
pub struct Report<'a> {
    /// The whole file, with defaults merged.
    tree: &'a Node,
    pruned: &'a Pruned,
    findings: &'a mut Findings,
}

impl<'a> Report<'a> {
    pub(crate) fn new(tree: &'a Node, pruned: &'a Pruned, findings: &'a mut Findings) -> Self {
        Self { tree, pruned, findings }
    }

    /// The whole file, with defaults merged.
    pub(super) fn tree(&self) -> &'a Node {
        self.tree
    }

    /// What stands at a path in the file, or in the defaults.
    pub(super) fn node(&self, path: &[&str]) -> Option<&'a Node> {
        path.iter().try_fold(self.tree, |node, key| node.child(key))
    }

    /// Whether nothing at or below a path was refused: only then can something be said to lack there.
    pub fn is_whole(&self, path: &[&str]) -> bool {
        !self.pruned.iter().any(|pruned| is_below(pruned, path))
    }

    /// Whether a key of this very map was refused, perhaps one that was meant to be another.
    pub fn lacks_key_of(&self, path: &[&str]) -> bool {
        self.pruned
            .iter()
            .any(|pruned| pruned.len() == path.len() + 1 && is_below(pruned, path))
    }

    /// Whether a key of this name was refused at or below a path.
    pub(super) fn refused(&self, path: &[&str], key: &str) -> bool {
        let is_key = |pruned: &Vec<String>| pruned.last().is_some_and(|last| last == key);
        self.pruned
            .iter()
            .any(|pruned| is_below(pruned, path) && is_key(pruned))
    }

    /// Whether the file cannot be used, as far as is known. What then looks unused may be what a mistake meant to name.
    pub(super) fn has_errors(&self) -> bool {
        self.findings.has_errors()
    }

    /// The place of a value, or of the nearest part above that stands in the file.
    pub(super) fn at(&self, path: &[&str]) -> At {
        self.tree.place(path)
    }

    /// Tells a mistake: one of the [codes](code), where it is, what is wrong and the cure. The path goes before the words.
    /// What a route has from `defaults` is told as theirs.
    pub fn add(&mut self, code: &'static str, path: &[&str], words: impl Into<Words>) {
        let shown = match path {
            ["routes", _, rest @ ..] if self.node(path).is_some_and(|node| node.inherited) => {
                format!("defaults.{}", rest.join("."))
            }
            _ => path.join("."),
        };
        let words = words.into().after(&format!("{shown}: "));
        self.findings.add(code, self.at(path), shown, words);
    }

    /// Tells a value of the right kind that makes no sense.
    pub fn bad_value(&mut self, path: &[&str], words: impl Into<Words>) {
        self.add(code::BAD_VALUE, path, words);
    }

    /// Tells something at a place of its own; the path does not go before the words.
    pub(super) fn add_at(&mut self, code: &'static str, at: At, path: &[&str], words: impl Into<Words>) {
        self.findings.add(code, at, path.join("."), words);
    }
}

fn is_below(inner: &[String], outer: &[&str]) -> bool {
    inner.len() >= outer.len() && inner.iter().zip(outer).all(|(a, b)| a == b)
}
