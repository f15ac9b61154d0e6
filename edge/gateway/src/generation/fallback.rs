//! What answers in an upstream's place.

use crate::upstream::Pool;
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use std::sync::Arc;

/// What answers while an upstream is away.
pub(crate) enum Fallback {
    /// Another upstream.
    Upstream(Arc<Pool>),
    /// The edge itself.
    Answer(Arc<FixedAnswer>),
}

/// An answer that is always the same.
pub(crate) struct FixedAnswer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its `Content-Type`.
    pub(crate) content_type: HeaderValue,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Fallback {
    /// Its name in the access log and in explanations.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Upstream(pool) => &pool.name,
            Self::Answer(_) => "answer",
        }
    }

    /// The other upstream, where it is one.
    pub(crate) fn upstream(&self) -> Option<&Arc<Pool>> {
        match self {
            Self::Upstream(pool) => Some(pool),
            Self::Answer(_) => None,
        }
    }
}
