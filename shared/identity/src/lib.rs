//! Who sent this token? Verification without a network call: keys and revocations are pushed in from outside.
//!
//! The edge and the notification service stand on the same [`Verifier`], so that a token is judged alike wherever a
//! client connects. Tokens are JWS (RFC 7515) with JSON claims (RFC 7519); what is refused follows RFC 8725: the algorithm is
//! pinned by the key, no header says which key to believe, and nothing that two readers could read differently passes.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod algorithm;
mod cache;
mod claims;
mod digest;
mod error;
mod extract;
mod json;
mod keys;
mod revoked;
mod settings;
mod token;
mod told;
mod verified;
mod verify;

pub use algorithm::Algorithm;
pub use digest::Digest;
pub use error::TokenError;
pub use extract::{bearer, cookie};
pub use keys::{KeySet, KeySetError, Origin, PassedOver};
pub use revoked::{Bearer, Revocations, Watch};
pub use settings::VerifierSettings;
pub use token::{MAX_TOKEN_BYTES, said_issuer};
pub use verified::{Texts, Verified};
pub use verify::Verifier;
