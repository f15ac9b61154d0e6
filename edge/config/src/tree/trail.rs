//! The way to a node.

use std::fmt;

/// The keys from the root to a node, borrowed on the way down. Shown with dots: `routes.graphql.upstream`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail<'a> {
    above: Option<&'a Self>,
    key: &'a str,
}

impl<'a> Trail<'a> {
    /// The root's.
    pub(crate) const ROOT: Self = Self { above: None, key: "" };

    /// One key further.
    pub(crate) fn then(&'a self, key: &'a str) -> Self {
        Self { above: Some(self), key }
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.above {
            None => Ok(()),
            Some(Self { above: None, .. }) => f.write_str(self.key),
            Some(above) => write!(f, "{above}.{}", self.key),
        }
    }
}
