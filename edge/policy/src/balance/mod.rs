//! Which target of an upstream takes a request: stickiness first, then round robin over the healthy ones.

mod affinity;
pub mod engine_io;
mod health;
mod placement;
mod round_robin;

pub use affinity::Affinity;
pub use health::{Health, Thresholds};
pub use placement::{Client, Placement, PlacementCell};
pub use round_robin::{RoundRobin, Turn};
