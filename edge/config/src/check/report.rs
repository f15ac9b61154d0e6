//! Where checks tell what they find.

use crate::{
    decode::Pruned,
    diagnose::{At, Findings, Words, code},
    tree::{Node, Value},
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
        self.tree.at_path(&self.written(path))
    }

    /// A path as the file has it: items of a list that were refused are counted there, and not in what was read.
    fn written(&self, path: &[&str]) -> Vec<String> {
        let mut written: Vec<String> = Vec::with_capacity(path.len());
        let mut node = Some(self.tree);
        for key in path {
            let is_item = matches!(node.map(|node| &node.value), Some(Value::List(_))) && !self.pruned.is_empty();
            let key = match key.parse::<usize>() {
                Ok(number) if is_item => {
                    let stays = |index: &usize| !self.pruned.contains(&[&written[..], &[index.to_string()]].concat());
                    (0..).filter(stays).nth(number).unwrap_or(number).to_string()
                }
                _ => (*key).to_owned(),
            };
            node = node.and_then(|node| node.child(&key));
            written.push(key);
        }
        written
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

    /// Whether this very part was refused.
    pub(super) fn is_refused(&self, path: &[&str]) -> bool {
        self.pruned
            .iter()
            .any(|pruned| pruned.len() == path.len() && is_below(pruned, path))
    }

    /// Tells a mistake: one of the [codes](code), where it is, what is wrong and the cure. The path goes before the words.
    /// What a route has from `defaults` is told as theirs.
    pub fn add(&mut self, code: &'static str, path: &[&str], words: impl Into<Words>) {
        self.add_written(code, &self.written(path), words);
    }

    /// The same for a path that is the file's already.
    pub(super) fn add_written(&mut self, code: &'static str, path: &[String], words: impl Into<Words>) {
        self.add_shown(code, self.tree.place(path), path, words);
    }

    /// Tells a key that makes no sense, whatever its value.
    pub(super) fn bad_key(&mut self, path: &[&str], words: impl Into<Words>) {
        let path = self.written(path);
        let entry = path
            .split_last()
            .and_then(|(key, above)| self.tree.at_path(above)?.entry(key));
        let at = entry.map_or_else(|| self.tree.place(&path), |entry| entry.key_at);
        self.add_shown(code::BAD_VALUE, at, &path, words);
    }

    fn add_shown(&mut self, code: &'static str, at: At, path: &[String], words: impl Into<Words>) {
        let shown = match path {
            [first, _, rest @ ..]
                if first == "routes" && self.tree.at_path(path).is_some_and(|node| node.inherited) =>
            {
                format!("defaults.{}", rest.join("."))
            }
            _ => path.join("."),
        };
        let words = words.into().after(&format!("{shown}: "));
        self.findings.add(code, at, shown, words);
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
