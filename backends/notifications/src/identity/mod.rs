//! Verifies the tokens of clients that connect directly, and knows which sessions have ended.

mod gate;
mod keys;
mod revocations;

pub use gate::Gate;
pub use keys::keep as keep_keys;
pub use revocations::keep as keep_revocations;
