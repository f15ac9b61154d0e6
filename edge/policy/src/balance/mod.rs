//! Which target of an upstream takes a request: stickiness first, then the balancer's choice among those that may be asked.

mod affinity;
mod balancer;
mod draw;
pub mod engine_io;
mod health;
mod load;
mod placement;
mod ring;
mod ring_key;
mod round_robin;
mod warmth;

pub use affinity::{Affinity, Tag};
pub use balancer::{Asked, Balancer, Method, View};
pub use draw::{Random, key};
pub use health::{Health, Thresholds};
pub use load::Load;
pub use placement::{Client, Placement, PlacementCell};
pub use ring_key::RingKey;
pub use round_robin::{RoundRobin, Turn};
pub use warmth::Warmth;
