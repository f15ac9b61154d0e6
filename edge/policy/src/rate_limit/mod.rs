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
pub use key::{KeyBy, lease_key, redis_key};
pub use local::LocalCounters;
pub use window::{WINDOW_PEEK_SCRIPT, WINDOW_SCRIPT, Window};

use crate::identity::Identity;
use std::{net::IpAddr, sync::Arc, time::Duration};

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

/// One quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name; part of the Redis key.
    pub name: Arc<str>,
    /// Whose quota it is.
    pub key: KeyBy,
    /// Whether it is for callers without a valid token alone.
    pub anonymous_only: bool,
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
    /// The subject this request is charged to, or `None` where the limit is not for this caller. A rejected token is no
    /// identity: its bearer is charged as anonymous.
    pub fn subject(&self, client: IpAddr, identity: &Identity) -> Option<String> {
        let user = identity.claims();
        match (self.anonymous_only, user, self.key) {
            (true, Some(_), _) | (_, None, KeyBy::JwtSub) => None,
            (_, Some(claims), KeyBy::JwtSub) => Some(key::of_subject(&claims.sub)),
            (_, _, KeyBy::ClientIp) => Some(key::of_address(client)),
        }
    }

    /// The script that decides, to be run with one key ([`redis_key`]) and [`Limit::script_args`].
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
    pub fn script_args(&self) -> [u64; 2] {
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
