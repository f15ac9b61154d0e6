//! The hosts that rules name, each with a tree of paths of its own, and which of them a request asks for.

use super::{
    HostPattern,
    host::{MAX_NAME, name, parents},
    tree::{Map, NodeId},
};

/// Where the rules for any host are.
const ANY: usize = 0;

/// Hosts by name.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    levels: Vec<Level>,
    exact: Map<usize>,
    /// By the name that they are below.
    wildcards: Map<usize>,
}

/// The rules of one host.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// Whose; `None` is any host.
    pub(super) host: Option<HostPattern>,
    /// Its tree of paths.
    pub(super) root: NodeId,
    /// The next less specific host that takes all that this one takes.
    next: Option<usize>,
}

impl Hosts {
    /// Any host alone.
    pub(super) fn new(root: NodeId) -> Self {
        let any = Level {
            host: None,
            root,
            next: None,
        };
        Self {
            levels: vec![any],
            exact: Map::default(),
            wildcards: Map::default(),
        }
    }

    /// The tree of a host, made where there is none yet. [`Hosts::link`] comes after the last.
    pub(super) fn root(&mut self, host: Option<&HostPattern>, make: impl FnOnce() -> NodeId) -> NodeId {
        let new = self.levels.len();
        let level = match host {
            None => ANY,
            Some(HostPattern::Exact(name)) => *self.exact.entry(name.as_str().into()).or_insert(new),
            Some(HostPattern::Wildcard(name)) => *self.wildcards.entry(name.as_str().into()).or_insert(new),
        };
        if level == new {
            self.levels.push(Level {
                host: host.cloned(),
                root: make(),
                next: None,
            });
        }
        self.levels[level].root
    }

    /// Finds out once which host follows which.
    pub(super) fn link(&mut self) {
        for index in 0..self.levels.len() {
            let host = self.levels[index].host.as_ref();
            self.levels[index].next = host.map(|host| {
                let (HostPattern::Exact(name) | HostPattern::Wildcard(name)) = host;
                self.wildcard(name).unwrap_or(ANY)
            });
        }
    }

    /// The host that comes first for a request; the others follow by [`Hosts::next`].
    pub(super) fn most_specific(&self, authority: Option<&str>) -> &Level {
        // Most configurations name no host, and pay nothing for those that do.
        let authority = authority.filter(|_| self.levels.len() > 1);
        let level = authority.and_then(|authority| self.named(name(authority)));
        &self.levels[level.unwrap_or(ANY)]
    }

    pub(super) fn next(&self, level: &Level) -> Option<&Level> {
        level.next.map(|next| &self.levels[next])
    }

    /// All of them.
    pub(super) fn levels(&self) -> &[Level] {
        &self.levels
    }

    fn named(&self, name: &str) -> Option<usize> {
        let mut buffer = [0; MAX_NAME];
        let name = lower(name, &mut buffer)?;
        self.exact.get(name).copied().or_else(|| self.wildcard(name))
    }

    /// The longest wildcard over a name.
    fn wildcard(&self, name: &str) -> Option<usize> {
        if self.wildcards.is_empty() || name.starts_with('.') {
            return None;
        }
        parents(name).find_map(|parent| self.wildcards.get(parent).copied())
    }
}

/// In lower case, with no allocation; `None` where it is too long to be the name of a host.
fn lower<'a>(name: &'a str, buffer: &'a mut [u8; MAX_NAME]) -> Option<&'a str> {
    let copy = buffer.get_mut(..name.len())?;
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(name);
    }
    copy.copy_from_slice(name.as_bytes());
    copy.make_ascii_lowercase();
    std::str::from_utf8(copy).ok()
}
