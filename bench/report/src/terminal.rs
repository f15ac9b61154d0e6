//! What a person reads in the terminal: a live view while a run goes on, tables when it is over.

mod live;
mod snapshot;
mod table;
mod tables;

pub use live::Live;
pub use snapshot::Snapshot;
pub use tables::{comparison, report};
