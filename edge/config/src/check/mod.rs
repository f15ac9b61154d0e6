//! What types cannot say: that names are defined, that keys agree, that every route can win.

mod names;
mod routes;
mod sections;

use crate::{
    Config,
    decode::Pruned,
    diagnose::{At, Findings, Words, code},
    tree::Node,
};

/// Checks a configuration: `config` lacks the parts already refused.
pub(crate) fn check(config: &Config, report: &mut Report<'_>) {
    sections::check(config, report);
    names::check(config, report);
    routes::check(config, report);
}

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

    fn at(&self, path: &[&str]) -> At {
        self.tree.place(path)
    }

    /// Tells a mistake: one of the [codes](code), where it is, what is wrong and the cure. The path goes before the words.
    pub fn add(&mut self, code: &'static str, path: &[&str], words: impl Into<Words>) {
        let shown = path.join(".");
        let words = words.into().after(&format!("{shown}: "));
        self.findings.add(code, self.at(path), shown, words);
    }

    /// Tells a value of the right kind that makes no sense.
    pub fn bad_value(&mut self, path: &[&str], words: impl Into<Words>) {
        self.add(code::BAD_VALUE, path, words);
    }
}

fn is_below(inner: &[String], outer: &[&str]) -> bool {
    inner.len() >= outer.len() && inner.iter().zip(outer).all(|(a, b)| a == b)
}
