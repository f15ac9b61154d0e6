//! Looks up who is meant by `@name`, and tells them.
//!
//! Apart from the events' handling, so that nothing else waits while auth is away: the names rest in the database, and
//! whichever instance comes first takes them.

mod resolve;
mod worker;

pub use worker::{Waker, Worker};
