//! Who sent this token? Verification without a network call: keys and revocations are pushed in from outside.
//!
//! The edge and the notification service stand on the same [`Verifier`], so that a token is judged alike wherever a
//! client connects. Signatures follow RFC 7515/7519 with EdDSA (RFC 8037); the algorithm is pinned by the key
//! (RFC 8725, section 3.1).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod extract;
mod keys;
mod revoked;
mod verify;

pub use extract::{bearer, cookie};
pub use keys::{KeySet, KeySetError};
pub use revoked::{Bearer, Revocations, Watch};
pub use verify::{TokenError, Verifier, VerifierSettings};
