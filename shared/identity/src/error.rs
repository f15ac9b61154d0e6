//! Why a token is refused.

use shared_contracts::Code;

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Malformed, forged, of a kind that is not accepted, for another audience, or by another issuer.
    #[error("invalid token")]
    Invalid,
    /// Signed by a key that is not known (yet): worth one look at the issuer's key set.
    #[error("unknown key")]
    UnknownKey,
    /// Its time is over.
    #[error("expired token")]
    Expired,
    /// Its time has not come (`nbf`, `iat`).
    #[error("token of the future")]
    NotYet,
    /// It was revoked, or its session, or all that its user had.
    #[error("revoked token")]
    Revoked,
}

impl TokenError {
    /// The stable code that clients see.
    pub fn code(self) -> Code {
        match self {
            Self::Invalid | Self::UnknownKey | Self::NotYet => Code::TokenInvalid,
            Self::Expired => Code::TokenExpired,
            Self::Revoked => Code::TokenRevoked,
        }
    }

    /// Whether an honest client has no such token: it was never signed for here, or by a key that nobody knows.
    pub fn is_suspect(self) -> bool {
        matches!(self, Self::Invalid | Self::UnknownKey)
    }

    /// Whether the same token would be refused for the same reason a moment later.
    pub(crate) fn lasts(self) -> bool {
        matches!(self, Self::Invalid | Self::Expired)
    }
}
