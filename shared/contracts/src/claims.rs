//! Claims of an access token, and what a revocation says.

use serde::{Deserialize, Serialize};

/// `iss` of every access token.
pub const ISSUER: &str = "newfeed-auth";
/// `aud` of every access token.
pub const AUDIENCE: &str = "newfeed-api";
/// Cookie that carries the access token.
pub const ACCESS_COOKIE: &str = "access_token";
/// Cookie that carries the refresh token; sent to `/api/auth` only.
pub const REFRESH_COOKIE: &str = "refresh_token";
/// Path of the JSON Web Key Set (RFC 7517) on the auth service and through the edge.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";

/// Redis channel on which revocations are pushed; the payload is a JSON [`Revocation`].
pub const REVOKED_CHANNEL: &str = "auth.revoked";
/// Prefix of the Redis keys (database 0) that remember revocations: `auth:revoked:<sid>`.
///
/// The key lives as long as an access token can, so that a verifier which starts later loads a whole view by `SCAN`.
pub const REVOKED_KEY_PREFIX: &str = "auth:revoked:";

/// The payload of an access token (RFC 7519), signed with EdDSA (RFC 8037); the header carries `kid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer; always [`ISSUER`].
    pub iss: String,
    /// Audience; always [`AUDIENCE`].
    pub aud: String,
    /// The user's id, as decimal text.
    pub sub: String,
    /// The user's name (`username`).
    pub name: String,
    /// The user's role.
    pub role: String,
    /// The session; what a logout revokes.
    pub sid: String,
    /// This token's own id.
    pub jti: String,
    /// Issued at, seconds since the Unix epoch.
    pub iat: u64,
    /// Expires at, seconds since the Unix epoch.
    pub exp: u64,
}

/// One session that ended before its tokens did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The session that ended.
    pub sid: String,
    /// When the last token of that session expires (seconds since the Unix epoch); the entry may be forgotten then.
    pub until: u64,
}

/// Path at which auth lists ended sessions to services: what verifiers ask while nothing reaches them over Redis.
pub const REVOCATIONS_PATH: &str = "/internal/revocations";
/// Most revocations one answer lists: the latest ones.
pub const MAX_REVOCATIONS: usize = 10_000;

/// The answer of [`REVOCATIONS_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationsAnswer {
    /// Sessions that ended and whose tokens have not expired yet, at most [`MAX_REVOCATIONS`].
    pub revocations: Vec<Revocation>,
}
