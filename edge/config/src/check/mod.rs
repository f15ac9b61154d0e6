//! What types cannot say: that names are defined, that keys agree, that every route can win.

mod names;
mod routes;
mod sections;

use crate::{
    Config,
    decode::Pruned,
    diagnose::{At, Findings, code},
    tree::Node,
};

/// Checks a configuration. `tree` is the whole file with defaults merged: `config` lacks the parts already refused.
pub(crate) fn check(config: &Config, tree: &Node, pruned: &Pruned, findings: &mut Findings) {
    let mut report = Report { tree, pruned, findings };
    sections::check(config, &mut report);
    names::check(config, &mut report);
    routes::check(config, &mut report);
}

/// Where checks tell what they find.
struct Report<'a> {
    tree: &'a Node,
    pruned: &'a Pruned,
    findings: &'a mut Findings,
}

impl Report<'_> {
    /// Whether nothing at or below a path was refused: only then can something be said to lack there.
    fn is_whole(&self, path: &[&str]) -> bool {
        !self.pruned.iter().any(|pruned| is_below(pruned, path))
    }

    /// Whether a key of this very map was refused, perhaps one that was meant to be another.
    fn lacks_key_of(&self, path: &[&str]) -> bool {
        self.pruned
            .iter()
            .any(|pruned| pruned.len() == path.len() + 1 && is_below(pruned, path))
    }

    fn at(&self, path: &[&str]) -> At {
        self.tree.place(path)
    }

    fn add(&mut self, code: &'static str, path: &[&str], message: impl AsRef<str>) {
        let message = format!("{}: {}", path.join("."), message.as_ref());
        self.findings.add(code, self.at(path), message);
    }

    fn bad_value(&mut self, path: &[&str], message: impl AsRef<str>) {
        self.add(code::BAD_VALUE, path, message);
    }
}

fn is_below(inner: &[String], outer: &[&str]) -> bool {
    inner.len() >= outer.len() && inner.iter().zip(outer).all(|(a, b)| a == b)
}
