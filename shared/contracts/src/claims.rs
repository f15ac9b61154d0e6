//! Claims of an access token.

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
