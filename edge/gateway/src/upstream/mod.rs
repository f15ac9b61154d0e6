//! Upstreams: which targets there are, whether they are well, and how to speak to them.

mod attempt;
mod call;
pub(crate) mod clock;
mod dial;
mod dns;
mod exchange;
mod head_first;
mod health;
mod hedge;
mod peer;
mod pool;
mod race;
mod resolve;
mod room;
mod rotation;
mod sessions;
mod settings;
mod standing;
mod state;
mod target;

pub(crate) use attempt::Attempt;
pub(crate) use call::{Ask, CallError, Caller, OnBehalf};
pub(crate) use dial::Dialer;
pub(crate) use dns::Found;
pub(crate) use head_first::HeadFirst;
pub(crate) use health::watch as watch_health;
pub(crate) use peer::{PeerTimeouts, peer};
pub(crate) use pool::Pool;
pub(crate) use resolve::watch as watch_names;
pub(crate) use room::{Crowded, Outlook, RoomSettings, Slot};
pub(crate) use rotation::{Labels, Rotation, Subset};
pub(crate) use sessions::Sessions;
pub(crate) use settings::{HealthSettings, OutlierSettings, PoolSettings, TargetSpec};
pub(crate) use standing::Standing;
pub(crate) use state::{BreakerState, States, TargetState, UpstreamState};
pub(crate) use target::Target;
