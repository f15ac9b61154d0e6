//! What the edge knows from elsewhere: quotas in Redis, the issuer's keys, ended sessions, where sockets' sessions are.

mod issuer;
mod lease;
mod rate_limit;
mod revocations;
mod sessions;

pub(crate) use issuer::{Fetched, Issuer, IssuerSettings, Keys};
pub(crate) use rate_limit::{Charge, Quota, Quotas};
pub(crate) use revocations::keep as keep_revocations;
pub(crate) use sessions::SharedSessions;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Which outside parts can be reached right now; shown by `/status` and `/health`.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// The last quota decision was Redis's.
    pub(crate) quotas: Flag,
    /// Revocations are being pushed, and their snapshot is loaded.
    pub(crate) revocations: Flag,
}

/// Whether something works; news are told apart from repetitions, so that each is logged once.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    /// Sets it, and tells whether that is news.
    pub(crate) fn set(&self, up: bool) -> bool {
        self.0.load(Relaxed) != up && self.0.swap(up, Relaxed) != up
    }

    /// Whether it works.
    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Relaxed)
    }
}
