//! Rules and types, free of I/O.

mod kind;
mod mention;
mod message;
mod notification;

pub use kind::Kind;
pub use mention::{MAX_MENTIONS, mentioned};
pub use message::{commented, liked, mentioned_you};
pub use notification::{Draft, Push, Subject};
