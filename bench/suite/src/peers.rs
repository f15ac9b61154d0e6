//! The comparison: several proxies at the same work, in turn, each with its share of every round.
//!
//! [`Peer`] is the table of who takes part, [`install`] makes them available, [`start`] runs one, [`work`] is what they
//! are asked, [`measure`] what that cost, [`table`] the report. [`compare`] is the order of it all.

mod ask;
mod compare;
mod exchange;
pub(crate) mod feed;
mod goal;
mod install;
pub(crate) mod live;
mod measure;
mod peer;
mod start;
mod table;
mod template;
mod tokens;
mod work;

pub(crate) use compare::{Wanted, compare};
pub(crate) use goal::Goal;
pub(crate) use measure::Effort;
pub(crate) use peer::Peer;
pub(crate) use start::redis;
pub(crate) use work::Work;
