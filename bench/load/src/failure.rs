//! Why an iteration failed.

use std::{borrow::Cow, fmt};

/// A failed step: a stable word to count by, and an example for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `connect`, `timeout`, `closed`, `truncated`, `protocol`, `status`, `header`, `body`, `json`, `count`, `stale`, `event`.
    pub kind: &'static str,
    /// What was seen, and what was expected.
    pub detail: Cow<'static, str>,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for Failure {}
