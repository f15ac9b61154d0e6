//! Keys: each once in its map, and short enough to be a name.

use super::{Entry, Node, Trail, Value};
use crate::diagnose::{Findings, code};
use std::collections::HashMap;

/// Longest key, in characters. Names stand in metrics, logs and paths of other keys.
const LONGEST: usize = 100;

impl Node {
    /// Takes out keys that stand twice, but for the first, and those that cannot be names.
    pub(super) fn check_keys(&mut self, trail: &Trail<'_>, findings: &mut Findings) {
        match &mut self.value {
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.check_keys(&trail.then(&index.to_string()), findings);
                }
            }
            Value::Map(entries) => {
                let mut seen = HashMap::with_capacity(entries.len());
                entries.retain(|entry| {
                    let words = is_name(entry).err().or_else(|| is_first(entry, &mut seen).err());
                    if let Some((code, words)) = &words {
                        let path = trail.then(&entry.key).to_string();
                        findings.add(code, entry.key_at, path, words);
                    }
                    words.is_none()
                });
                for entry in entries {
                    entry.node.check_keys(&trail.then(&entry.key), findings);
                }
            }
            _ => {}
        }
    }
}

fn is_name(entry: &Entry) -> Result<(), (&'static str, String)> {
    let key = &entry.key;
    let length = key.chars().count();
    if length == 0 || length > LONGEST || key.chars().any(char::is_control) {
        let words = format!("`{key}` cannot be a name; give it 1 to {LONGEST} characters, on one line");
        return Err((code::BAD_VALUE, words));
    }
    Ok(())
}

fn is_first(entry: &Entry, seen: &mut HashMap<String, u32>) -> Result<(), (&'static str, String)> {
    match seen.insert(entry.key.clone(), entry.key_at.line) {
        None => Ok(()),
        Some(line) => {
            seen.insert(entry.key.clone(), line);
            let words = format!(
                "key `{}` is here twice; the first is on line {line}: keep one",
                entry.key
            );
            Err((code::DUPLICATE_KEY, words))
        }
    }
}
