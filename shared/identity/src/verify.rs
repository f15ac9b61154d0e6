//! Judges one token.

use crate::{Bearer, KeySet, KeySetError, Revocations, Watch};
use arc_swap::ArcSwap;
use jsonwebtoken::{Validation, dangerous::insecure_decode, decode, decode_header, errors::ErrorKind};
use sha2::{Digest, Sha256};
use shared_contracts::{Code, claims::Claims, revocation::Revocation};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Longer tokens are refused unread; ours have some 450 bytes.
const MAX_TOKEN_BYTES: usize = 4096;

/// What a token must say to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierSettings {
    /// Wanted `iss`.
    pub issuer: String,
    /// Wanted `aud`.
    pub audience: String,
    /// Allowed difference of clocks, seconds.
    pub leeway: u64,
    /// Most verified tokens remembered.
    pub cache_capacity: u64,
}

impl Default for VerifierSettings {
    fn default() -> Self {
        Self {
            issuer: shared_contracts::claims::ISSUER.into(),
            audience: shared_contracts::claims::AUDIENCE.into(),
            leeway: 5,
            cache_capacity: 100_000,
        }
    }
}

/// Why a token was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Malformed, forged, for another audience, or by another issuer.
    #[error("invalid token")]
    Invalid,
    /// Signed by a key that is not known (yet): worth one look at the issuer's key set.
    #[error("unknown key")]
    UnknownKey,
    /// Its time is over.
    #[error("expired token")]
    Expired,
    /// It was revoked, or its session, or all that its user had.
    #[error("revoked token")]
    Revoked,
}

impl TokenError {
    /// The stable code that clients see.
    pub fn code(&self) -> Code {
        match self {
            Self::Invalid | Self::UnknownKey => Code::TokenInvalid,
            Self::Expired => Code::TokenExpired,
            Self::Revoked => Code::TokenRevoked,
        }
    }
}

/// Verifies access tokens against the keys and revocations it was last told of.
///
/// A token is verified once; then its digest is remembered until it expires or the keys change, so the usual
/// request costs one hash and two look-ups.
pub struct Verifier {
    settings: VerifierSettings,
    keys: ArcSwap<KeySet>,
    revocations: Arc<Revocations>,
    verified: moka::sync::Cache<[u8; 32], Arc<Claims>>,
}

impl Verifier {
    /// A verifier that knows no key yet, and so accepts nothing.
    pub fn new(settings: VerifierSettings) -> Self {
        Self::with(settings, Arc::default())
    }

    /// A verifier with other settings and without keys, which shares this one's ended sessions: whichever of the two is
    /// told of one, both refuse it.
    pub fn successor(&self, settings: VerifierSettings) -> Self {
        Self::with(settings, Arc::clone(&self.revocations))
    }

    fn with(settings: VerifierSettings, revocations: Arc<Revocations>) -> Self {
        let verified = moka::sync::Cache::builder()
            .max_capacity(settings.cache_capacity)
            .build();
        Self {
            settings,
            keys: ArcSwap::default(),
            revocations,
            verified,
        }
    }

    /// Takes the keys that another verifier of the same issuer has.
    pub fn take_keys(&self, of: &Self) {
        self.keys.store(of.keys.load_full());
        self.verified.invalidate_all();
    }

    /// Takes a new JWK set. On an error the present keys stay.
    pub fn set_keys(&self, jwks_json: &[u8]) -> Result<usize, KeySetError> {
        let keys = KeySet::from_json(jwks_json)?;
        let count = keys.len();
        self.keys.store(Arc::new(keys));
        // A key may have been withdrawn: what it signed must be judged anew.
        self.verified.invalidate_all();
        Ok(count)
    }

    /// Whether any key is known.
    pub fn has_keys(&self) -> bool {
        !self.keys.load().is_empty()
    }

    /// Revokes: what is meant is refused from now on, and whoever watches it is told. Tells whether that is news.
    pub fn revoke(&self, revocation: &Revocation) -> bool {
        self.revocations.add(revocation)
    }

    /// Learns when a token is revoked: for those who hold something open by it. When it expires they see themselves
    /// ([`Verifier::expires_at`]).
    pub fn watch(&self, claims: &Claims) -> Watch {
        self.revocations.watch(&bearer(claims))
    }

    /// From when on a token is refused as expired, seconds since the Unix epoch.
    pub fn expires_at(&self, claims: &Claims) -> u64 {
        claims.exp.saturating_add(self.settings.leeway)
    }

    /// Forgets revocations and cached tokens whose time is over. Call it every minute or so.
    pub fn prune(&self) {
        self.revocations.prune(now());
    }

    /// Whether a token is revoked.
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        self.revocations.concern(&bearer(claims))
    }

    /// What is revoked.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Judges `token`.
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        bounded(token)?;
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let claims = match self.verified.get(&digest) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.check(token)?);
                self.verified.insert(digest, Arc::clone(&claims));
                claims
            }
        };
        let verdict = self.still_holds(&claims);
        if verdict == Err(TokenError::Expired) {
            self.verified.invalidate(&digest);
        }
        verdict.map(|()| claims)
    }

    /// What [`Verifier::verify`] says, and nothing is remembered of it: for those who only want to know.
    pub fn peek(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        bounded(token)?;
        let claims = self.check(token)?;
        self.still_holds(&claims).map(|()| Arc::new(claims))
    }

    /// What a token says of itself, where no key is at hand to tell whether it is true: nobody may be let in by it. What no
    /// key could make good is refused all the same.
    pub fn unverified(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        bounded(token)?;
        let read = insecure_decode::<Claims>(token).map_err(|_| TokenError::Invalid)?;
        read.header.kid.ok_or(TokenError::Invalid)?;
        self.still_holds(&read.claims).map(|()| Arc::new(read.claims))
    }

    /// What changes while a verified token is remembered.
    fn still_holds(&self, claims: &Claims) -> Result<(), TokenError> {
        if self.expires_at(claims) <= now() {
            return Err(TokenError::Expired);
        }
        if self.is_revoked(claims) {
            return Err(TokenError::Revoked);
        }
        Ok(())
    }

    fn check(&self, token: &str) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let keys = self.keys.load();
        let (algorithm, key) = keys.get(&kid).ok_or(TokenError::UnknownKey)?;
        if header.alg != *algorithm {
            return Err(TokenError::Invalid);
        }
        let mut validation = Validation::new(*algorithm);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.leeway = self.settings.leeway;
        decode::<Claims>(token, key, &validation)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                _ => TokenError::Invalid,
            })
    }
}

/// By what a token can be revoked.
fn bearer(claims: &Claims) -> Bearer<'_> {
    Bearer {
        sub: &claims.sub,
        sid: &claims.sid,
        jti: &claims.jti,
        iat: claims.iat,
    }
}

fn bounded(token: &str) -> Result<(), TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Invalid);
    }
    Ok(())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
