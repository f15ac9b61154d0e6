//! Quotas: what a limit is, whom it concerns, and what a decision says. Redis is the authority; the scripts and the
//! meaning of their replies live here, the call to Redis does not.

mod decision;
mod denied;
mod gcra;
mod key;
pub mod lease;
mod local;
mod window;

pub use decision::{Decision, HeaderPair, headers};
pub use denied::Denied;
pub use gcra::{GCRA_PEEK_SCRIPT, GCRA_SCRIPT, Gcra};
pub use key::{Facts, KeyBy, Keys, OnMissing, Part, Spared};
pub use local::LocalCounters;
pub use window::{WINDOW_PEEK_SCRIPT, WINDOW_SCRIPT, Window};

use shared_identity::Verified;
use std::{sync::Arc, time::Duration};

/// So many in such a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// In which time; at least a millisecond.
    pub per: Duration,
}

/// How a limit counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Generic cell rate algorithm: tokens come back one by one, at the rate.
    #[default]
    Gcra,
    /// A window that starts with the first request; exact.
    Window,
}

/// What counts while the store is away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnStoreFailure {
    /// This edge counts alone.
    #[default]
    Local,
    /// Nothing: all pass.
    Open,
    /// Nothing: all are refused with `SERVICE_UNAVAILABLE`.
    Closed,
}

/// Whom a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Callers without a valid token.
    Anonymous,
    /// Callers with one.
    Authenticated,
}

/// One quota, as a route's requests are charged to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name; part of the Redis key.
    pub name: Arc<str>,
    /// Whose quota it is.
    pub key: KeyBy,
    /// Whom it is for; everybody without it.
    pub when: Option<When>,
    /// What a request takes of it; 1 up to burst or, in a window, count.
    pub cost: u32,
    /// The rate.
    pub rate: Rate,
    /// How many at once; [`Algorithm::Gcra`] alone reads it. At least 1.
    pub burst: u32,
    /// How it counts.
    pub algorithm: Algorithm,
    /// What counts while the store is away.
    pub on_store_failure: OnStoreFailure,
}

impl Limit {
    /// Whether it is for such a caller. A rejected token is no identity: its bearer is charged as anonymous.
    ///
    /// # Errors
    /// Who is spared.
    pub fn is_for(&self, caller: Option<&Verified>) -> Result<(), Spared<'static>> {
        match (self.when, caller) {
            (Some(When::Anonymous), Some(_)) => Err(Spared::Users),
            (Some(When::Authenticated), None) => Err(Spared::Anonymous),
            _ => Ok(()),
        }
    }

    /// The script that decides, to be run with one key (see [`Keys`]) and [`Limit::script_args`].
    pub fn script(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Window => WINDOW_SCRIPT,
            Algorithm::Gcra => GCRA_SCRIPT,
        }
    }

    /// The script that says what [`Limit::script`] would, with the same key and arguments, and changes nothing.
    pub fn peek_script(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Window => WINDOW_PEEK_SCRIPT,
            Algorithm::Gcra => GCRA_PEEK_SCRIPT,
        }
    }

    /// The scripts' arguments.
    pub fn script_args(&self) -> [u64; 3] {
        match self.algorithm {
            Algorithm::Window => window::script_args(self),
            Algorithm::Gcra => gcra::script_args(self),
        }
    }

    /// What the script's reply, two integers, means.
    pub fn decide(&self, reply: [i64; 2]) -> Decision {
        match self.algorithm {
            Algorithm::Window => window::decide(self, reply),
            Algorithm::Gcra => gcra::decide(self, reply),
        }
    }
}
