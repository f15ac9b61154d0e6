//! From the tree to the types, through serde. An error says which path made it; that part is then taken out and the rest
//! read again, so that one run finds every mistake.

mod deserializer;
mod fault;

pub(crate) use fault::{Fault, KEYS_HERE, MEANT};

use crate::{
    diagnose::{Findings, MOST, Words, code},
    tree::{Node, Value},
};
use serde::Deserialize;
use std::collections::HashSet;

/// What was taken out of the tree, as paths.
pub(crate) type Pruned = HashSet<Vec<String>>;

/// A part that can be read by itself. After a mistake only that part is read again, not the whole file.
pub(crate) enum Section {
    /// The value of a key of the root.
    Whole(&'static str, Probe),
    /// Each entry of the map there.
    Entries(&'static str, Probe),
}

/// Reads a part, to see whether it can be.
pub(crate) type Probe = fn(&Node) -> Result<(), Fault>;

/// The [`Probe`] of a type.
pub(crate) fn probe<T: for<'de> Deserialize<'de>>(node: &Node) -> Result<(), Fault> {
    T::deserialize(node).map(|_| ())
}

/// Reads a whole tree. Where there are findings, the result lacks the parts that made them; a section that is then missing
/// is borrowed from `skeleton`, so that the rest can be looked at. `None` if the tree is no map at all, or holds more
/// mistakes than are told.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(
    tree: &Node,
    skeleton: &str,
    sections: &[Section],
    findings: &mut Findings,
) -> (Option<T>, Pruned) {
    if let Ok(value) = T::deserialize(tree) {
        return (Some(value), Pruned::new());
    }
    let skeleton = Node::parse(skeleton, &mut Findings::default());
    let mut reading = Reading {
        tree: tree.clone(),
        pruned: Pruned::new(),
        meant: Pruned::new(),
        findings,
    };
    for section in sections {
        match section {
            Section::Whole(name, probe) => reading.whole(name, *probe),
            Section::Entries(name, probe) => reading.entries(name, *probe),
        }
    }
    for _ in 0..MOST {
        match T::deserialize(&reading.tree) {
            Ok(value) => return (Some(value), reading.refused()),
            Err(fault) => {
                let borrowed = reading.borrow(&fault, skeleton.as_ref());
                if borrowed {
                    reading.tell(&fault);
                } else if !reading.take(&fault) {
                    break;
                }
            }
        }
    }
    (None, reading.refused())
}

/// A tree that loses, one by one, the parts that cannot be read.
struct Reading<'f> {
    tree: Node,
    pruned: Pruned,
    /// Keys that unknown ones were meant to be: they are not missed as well.
    meant: Pruned,
    findings: &'f mut Findings,
}

impl Reading<'_> {
    /// What was taken out, and what that was meant to be.
    fn refused(mut self) -> Pruned {
        self.pruned.extend(self.meant);
        self.pruned
    }

    /// Finds the mistakes in a section.
    fn whole(&mut self, name: &str, probe: Probe) {
        while let Some(section) = self.tree.entry(name) {
            let Err(fault) = probe(&section.node) else { return };
            let fault = fault.below(name, section.shown_at());
            if !self.take(&fault) {
                return;
            }
        }
    }

    /// Finds the mistakes in each entry of a section.
    fn entries(&mut self, name: &str, probe: Probe) {
        let mut index = 0;
        while let Some(section) = self.tree.entry(name) {
            let Some(entry) = section.node.entries().get(index) else {
                return;
            };
            let Err(fault) = probe(&entry.node) else {
                index += 1;
                continue;
            };
            let fault = fault.below(&entry.key, entry.shown_at()).below(name, section.key_at);
            // The entry is read again without its faulty part; where it went as a whole, the next one has moved up.
            if !self.take(&fault) {
                return;
            }
        }
    }

    /// Tells a fault and takes its part out; `false` if there is no use in going on.
    fn take(&mut self, fault: &Fault) -> bool {
        self.tell(fault);
        !self.findings.is_full() && self.prune(fault)
    }

    /// Tells a fault, unless it is a mere consequence of what was told before.
    fn tell(&mut self, fault: &Fault) {
        let path = fault.path();
        if self.follows(fault, &path) {
            return;
        }
        let mut words = words(fault, &path);
        if let (Some(meant), Some((_, above))) = (fault.meant, path.split_last()) {
            let there = [above, &[meant.to_owned()]].concat();
            if self.tree.at_path(&there).is_some() || self.pruned.contains(&there) || self.meant.contains(&there) {
                words.help = format!(
                    "{} `{meant}`, which is here too: put it in there, or take it out",
                    fault::MEANT
                );
            } else {
                self.meant.insert(there);
            }
        }
        let path: Vec<String> = path.into_iter().chain(fault.missing.map(str::to_owned)).collect();
        let at = fault.at.unwrap_or(self.tree.at);
        self.findings.add(fault.code, at, path.join("."), words);
    }

    /// A key that is missing because it was refused has been told already, and a map that makes no sense without it too.
    fn follows(&self, fault: &Fault, path: &[String]) -> bool {
        match fault.missing {
            Some(key) => {
                let missing = [path, &[key.to_owned()]].concat();
                self.pruned.contains(&missing) || self.meant.contains(&missing)
            }
            None => {
                let is_inside = |pruned: &Vec<String>| pruned.len() > path.len() && pruned.starts_with(path);
                fault.code == code::BAD_VALUE && self.pruned.iter().any(is_inside)
            }
        }
    }

    /// Borrows a section that is not there.
    fn borrow(&mut self, fault: &Fault, skeleton: Option<&Node>) -> bool {
        let entry = fault
            .missing
            .filter(|_| fault.path().is_empty())
            .and_then(|key| skeleton?.entry(key));
        match (entry, &mut self.tree.value) {
            (Some(entry), Value::Map(entries)) => {
                entries.push(entry.clone());
                true
            }
            _ => false,
        }
    }

    /// Takes out the part that made a fault.
    fn prune(&mut self, fault: &Fault) -> bool {
        let path = fault.path();
        self.tree.prune(&path) && {
            self.pruned.insert(path);
            true
        }
    }
}

/// What is said of a fault: with the way to it, and what only that way tells.
fn words(fault: &Fault, path: &[String]) -> Words {
    let mut words = fault.words.clone();
    let Some((key, above)) = path.split_last() else {
        return words;
    };
    match key.as_str() {
        "path" | "host" if words.message.starts_with("a list ") => words.help = format!("several go into `{key}s`"),
        _ => {}
    }
    if fault.code != code::UNKNOWN_KEY {
        return words.after(&format!("{}: ", path.join(".")));
    }
    if !above.is_empty() {
        words.message = format!("{} in {}", words.message, above.join("."));
    }
    words
}
