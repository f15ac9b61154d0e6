//! Upstreams: which targets there are, whether they are well, and how to speak to them.

mod call;
mod health;
mod peer;
mod pool;
mod resolve;
mod sessions;
mod state;
mod target;

pub(crate) use call::{Ask, CallError, Caller};
pub(crate) use health::watch as watch_health;
pub(crate) use peer::{PeerTimeouts, peer};
pub(crate) use pool::{HealthSettings, Pool, PoolSettings, TargetSpec};
pub(crate) use resolve::watch as watch_names;
pub(crate) use sessions::Sessions;
pub(crate) use state::{BreakerState, States, TargetState, UpstreamState};
pub(crate) use target::Target;
