//! A tree over the segments of paths.
//!
//! It is our own, because `matchit` keeps one value for a pattern and gives the first match alone, and prefers a prefix
//! whose literals are further left (`/a/{*rest}`) to a template (`/{x}/b`). Here a request goes on from pattern to pattern
//! until host and method fit too, and templates go before prefixes.

use super::Pattern;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Keys are the configuration's alone: clients only look up, so nothing of theirs can make hashes collide, and the fast
/// hash serves.
pub(super) type Map<V> = HashMap<Box<str>, V, FixedState>;

/// Place of a node.
pub(super) type NodeId = usize;

/// A pattern of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Place of the route.
    pub(super) route: usize,
    /// Place of the pattern in the route's rule.
    pub(super) pattern: usize,
}

/// Trees of several hosts, in one place.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// A place that segments lead to.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Where the last segment was not taken yet.
    pub(super) parent: Option<NodeId>,
    /// By literal.
    pub(super) literals: Map<NodeId>,
    /// By any segment but the empty one.
    pub(super) parameter: Option<NodeId>,
    /// Whether it is its parent's `parameter`.
    pub(super) is_parameter: bool,
    /// Exact paths and templates that end here, in the order of the file.
    pub(super) ends: Vec<Entry>,
    /// Prefixes that end here, likewise.
    pub(super) prefixes: Vec<Entry>,
}

impl Tree {
    /// A new tree, empty.
    pub(super) fn root(&mut self) -> NodeId {
        self.add(Node::default())
    }

    /// A node that is there.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// How many nodes there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds a pattern. A rule that says the same twice is one entry.
    pub(super) fn insert(&mut self, root: NodeId, pattern: &Pattern, entry: Entry) {
        let (Pattern::Exact(text) | Pattern::Template(text) | Pattern::Prefix(text)) = pattern;
        let end = text
            .split('/')
            .skip(1)
            .fold(root, |node, segment| self.child(node, segment));
        let node = &mut self.nodes[end];
        let entries = match pattern {
            Pattern::Prefix(_) => &mut node.prefixes,
            Pattern::Exact(_) | Pattern::Template(_) => &mut node.ends,
        };
        if entries.last().is_none_or(|last| last.route != entry.route) {
            entries.push(entry);
        }
    }

    fn child(&mut self, parent: NodeId, segment: &str) -> NodeId {
        let is_parameter = super::pattern::is_parameter(segment);
        let node = &self.nodes[parent];
        let known = if is_parameter {
            node.parameter
        } else {
            node.literals.get(segment).copied()
        };
        known.unwrap_or_else(|| {
            let child = self.add(Node {
                parent: Some(parent),
                is_parameter,
                ..Node::default()
            });
            let node = &mut self.nodes[parent];
            if is_parameter {
                node.parameter = Some(child);
            } else {
                node.literals.insert(segment.into(), child);
            }
            child
        })
    }
}
