//! Reads and writes what has two spellings, or whose type lives in the policy crate.

mod address;
mod auth;
mod charge;
pub(crate) mod key_parts;
mod name_servers;
mod names;
mod retry_on;
pub(crate) mod ring_key;
mod subgraphs;
mod target;
pub(crate) mod token_from;
pub(crate) mod words;

pub(crate) use address::{LISTEN, bind, is_host, networks};
pub(crate) use name_servers::name_servers;
pub(crate) use names::{names, one_or_more};
pub(crate) use subgraphs::subgraphs;
pub(crate) use target::{targets, weight, whole_address};
