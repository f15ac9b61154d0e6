//! Lays routes over `defaults`.

use super::{Node, Value};

impl Node {
    /// Lays this node's entries over those of `below`: maps merge, all else replaces.
    pub(crate) fn inherit(&mut self, below: &Self) {
        let (Value::Map(inherited), Value::Map(own)) = (&below.value, &mut self.value) else {
            return;
        };
        for entry in inherited {
            match own.iter_mut().find(|mine| mine.key == entry.key) {
                Some(mine) => mine.node.inherit(&entry.node),
                None => own.push(entry.clone()),
            }
        }
    }

    /// Marks it and all below as coming from `defaults`.
    pub(crate) fn mark_inherited(&mut self) {
        self.inherited = true;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(Self::mark_inherited),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| entry.node.mark_inherited()),
            Value::Gone | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
        }
    }
}
