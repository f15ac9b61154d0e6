//! Overload: how many requests an upstream gets at a time, who goes first, and who waits for how long.
//!
//! [`Limiter`] finds the number of requests that keeps a service busy and no line before it, [`Level`] says what part of that
//! number a request may use, [`Line`] orders those that wait a moment for room.

mod baseline;
mod level;
mod limiter;
mod line;
mod window;

pub use level::Level;
pub use limiter::{Bounds, Limiter};
pub use line::{Line, Ticket};
