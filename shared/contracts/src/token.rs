//! Service tokens: who calls, proven by a secret of its own.
//!
//! A caller sends `X-Service-Token: <caller>.<secret>`. A callee knows only SHA-256 digests, so that it cannot speak for
//! others: `SERVICE_TOKEN_DIGESTS=edge:<hex>|<hex>,posts:<hex>` (up to two digests a caller, so that a secret can rotate).

/// The caller's name that the edge uses; only its token makes identity headers count.
pub const EDGE: &str = "edge";
/// Environment variable with the caller's own token.
pub const TOKEN_VARIABLE: &str = "SERVICE_TOKEN";
/// Environment variable with the digests of the tokens a callee accepts.
pub const DIGESTS_VARIABLE: &str = "SERVICE_TOKEN_DIGESTS";
