//! The walk through a tree of segments.

use super::{
    position,
    tree::{Entry, Node, NodeId, Tree},
};

/// Meets every pattern that takes a path: the exact one, then templates, those with literals further left first, then
/// prefixes, the longest first.
///
/// Literals are tried before parameters, depth first: that order is the precedence. There is no stack, the way back is by
/// the parents. One way alone leads to a node of a tree, so it is come to once at most, and no path, however hostile, takes
/// more than three steps a node.
pub(super) struct Walk<'t, 'p> {
    tree: &'t Tree,
    path: &'p str,
    way: Way,
    node: &'t Node,
    /// Bytes of the path that led to `node`.
    taken: usize,
    /// Parameters on the way to `node` that were passed by for a literal.
    passed: usize,
    /// The furthest node by literals alone, which are all that prefixes have; later the next prefix.
    literal: Option<&'t Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Down by literals alone.
    Straight,
    /// Down.
    Down,
    /// Back to the last parameter that was passed by.
    Back,
    /// From prefix to shorter prefix.
    Prefixes,
}

/// What a step led to.
pub(super) enum Step<'t> {
    /// Patterns that take the path, in the order of the file.
    Met(&'t [Entry]),
    /// Nothing yet.
    On,
    /// There are no more.
    End,
}

impl<'t, 'p> Walk<'t, 'p> {
    /// A walk from a root.
    pub(super) fn new(tree: &'t Tree, root: NodeId, path: &'p str) -> Self {
        let node = tree.node(root);
        // The asterisk of `OPTIONS *` is no path and below no prefix.
        let is_path = path.is_empty() || path.starts_with('/');
        Self {
            tree,
            path,
            way: Way::Straight,
            node,
            taken: 0,
            passed: 0,
            literal: is_path.then_some(node),
        }
    }

    /// One step, to another node.
    pub(super) fn step(&mut self) -> Step<'t> {
        match self.way {
            Way::Straight | Way::Down => self.down(),
            Way::Back => {
                self.back();
                Step::On
            }
            Way::Prefixes => self.prefix(),
        }
    }

    fn down(&mut self) -> Step<'t> {
        let Some(segment) = self.segment() else {
            self.way = Way::Back;
            return met(&self.node.ends);
        };
        let end = self.taken + 1 + segment.len();
        let parameter = self.node.parameter.filter(|_| !segment.is_empty());
        match (self.node.literals.get(segment), parameter) {
            (Some(literal), _) => {
                self.passed += usize::from(parameter.is_some());
                self.enter(*literal, end);
                if self.way == Way::Straight {
                    self.literal = Some(self.node);
                }
            }
            (None, Some(parameter)) => {
                self.enter(parameter, end);
                self.way = Way::Down;
            }
            (None, None) => self.way = Way::Back,
        }
        Step::On
    }

    fn back(&mut self) {
        let (Some(parent), 1..) = (self.node.parent, self.passed) else {
            self.way = Way::Prefixes;
            return;
        };
        let (end, from_literal) = (self.taken, !self.node.is_parameter);
        let start = self.path[..end].rfind('/').unwrap_or_default();
        self.enter(parent, start);
        // The same condition as on the way down: an empty segment is no parameter.
        if let Some(parameter) = self.node.parameter
            && from_literal
            && end > start + 1
        {
            self.passed -= 1;
            self.enter(parameter, end);
            self.way = Way::Down;
        }
    }

    fn prefix(&mut self) -> Step<'t> {
        let Some(node) = self.literal else { return Step::End };
        self.literal = node.parent.map(|parent| self.tree.node(parent));
        met(&node.prefixes)
    }

    fn enter(&mut self, node: NodeId, taken: usize) {
        self.node = self.tree.node(node);
        self.taken = taken;
    }

    /// What comes after the slash, up to the next.
    fn segment(&self) -> Option<&'p str> {
        let rest = self.path[self.taken..].strip_prefix('/')?;
        Some(position(rest, b'/').map_or(rest, |end| &rest[..end]))
    }
}

fn met(entries: &[Entry]) -> Step<'_> {
    if entries.is_empty() {
        Step::On
    } else {
        Step::Met(entries)
    }
}

impl<'t> Iterator for Walk<'t, '_> {
    type Item = &'t [Entry];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step() {
                Step::Met(entries) => return Some(entries),
                Step::On => {}
                Step::End => return None,
            }
        }
    }
}
