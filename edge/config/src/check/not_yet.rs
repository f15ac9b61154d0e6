//! Keys that are understood and checked, and that the edge does not act on yet. A change that makes it act deletes the row.

use super::Report;
use crate::{
    diagnose::At,
    tree::{Node, Value},
};

/// One such key.
pub(crate) struct NotYet {
    /// The warning's code, its own for ever.
    pub(crate) code: &'static str,
    /// The key; `*` stands for every name or number.
    pub(crate) key: &'static str,
    /// What happens instead.
    pub(crate) instead: &'static str,
}

#[expect(dead_code, reason = "every key is acted on at the moment")]
const fn row(code: &'static str, key: &'static str, instead: &'static str) -> NotYet {
    NotYet { code, key, instead }
}

/// All of them.
pub(crate) const NOT_YET: &[NotYet] = &[];

pub(super) fn check(report: &mut Report<'_>) {
    for row in NOT_YET {
        let mut places = Vec::new();
        let keys: Vec<&str> = row.key.split('.').collect();
        row.find(report.tree(), &keys, &mut Vec::new(), &mut places);
        // What was refused is told already.
        places.retain(|(_, path)| !report.is_refused(&path.iter().map(String::as_str).collect::<Vec<_>>()));
        // What routes have from `defaults` stands in one place.
        places.sort_by_key(|(at, _)| *at);
        places.dedup_by_key(|(at, _)| *at);
        let Some((_, first)) = places.first() else { continue };
        let more = match places.len() - 1 {
            0 => String::new(),
            1 => " (and in one more place)".to_owned(),
            more => format!(" (and in {more} more places)"),
        };
        let words = format!(
            "not acted on yet{more}: {}; take it out, or keep it for a later version",
            row.instead
        );
        report.add_written(row.code, first, words);
    }
}

impl NotYet {
    /// All places that fit.
    fn find(&self, node: &Node, keys: &[&str], path: &mut Vec<String>, found: &mut Vec<(At, Vec<String>)>) {
        let Some((key, rest)) = keys.split_first() else {
            found.push((node.at, path.clone()));
            return;
        };
        let mut below = |name: String, child: &Node| {
            path.push(name);
            self.find(child, rest, path, found);
            path.pop();
        };
        match &node.value {
            Value::Map(entries) => {
                for entry in entries.iter().filter(|entry| *key == "*" || *key == entry.key) {
                    below(entry.key.clone(), &entry.node);
                }
            }
            Value::List(items) if *key == "*" => {
                for (index, item) in items.iter().enumerate() {
                    below(index.to_string(), item);
                }
            }
            _ => {}
        }
    }
}
