//! Judges one token.

use crate::{
    Digest, KeySet, KeySetError, Origin, Revocations, TokenError, Verified, VerifierSettings, Watch,
    cache::Cache,
    claims,
    keys::{Found, Key},
    token::{Parts, media_type},
};
use arc_swap::ArcSwap;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared_contracts::revocation::Revocation;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Most refused tokens remembered. They have a memory of their own, so that garbage displaces no good token.
const REFUSED_CAPACITY: usize = 4096;
/// How long a refused token is remembered, seconds.
const REFUSED_FOR: u64 = 10;

/// Verifies access tokens against the keys and revocations it was last told of.
///
/// A token is verified once; then its digest is remembered until it expires or its key goes, so the usual request costs one
/// digest and two look-ups.
pub struct Verifier {
    settings: VerifierSettings,
    /// `settings.issuer`, shared by all tokens.
    issuer: Arc<str>,
    /// `settings.types` as they are compared.
    types: Vec<Option<String>>,
    keys: ArcSwap<KeySet>,
    revocations: Arc<Revocations>,
    verified: Cache<Known>,
    refused: Cache<TokenError>,
}

/// A verified token and the key that it was verified by.
#[derive(Clone)]
struct Known {
    token: Arc<Verified>,
    key: Arc<Key>,
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
        let types = settings.types.iter();
        Self {
            issuer: settings.issuer.as_str().into(),
            types: types.map(|typ| typ.as_deref().map(media_type)).collect(),
            keys: ArcSwap::default(),
            revocations,
            verified: Cache::new(settings.cache_capacity),
            refused: Cache::new(settings.cache_capacity.min(REFUSED_CAPACITY)),
            settings,
        }
    }

    /// What a token must say.
    pub fn settings(&self) -> &VerifierSettings {
        &self.settings
    }

    /// Takes the keys that another verifier of the same issuer has. Which algorithm a key is for was decided there, so both
    /// must accept the same ones.
    pub fn take_keys(&self, of: &Self) {
        self.turn_to(&of.keys.load_full());
    }

    /// Takes a JWK set that came over the network. On an error the present keys stay.
    ///
    /// # Errors
    /// If no key of it can be used.
    pub fn set_keys(&self, jwks_json: &[u8]) -> Result<usize, KeySetError> {
        KeySet::read(jwks_json, Origin::Network, &self.settings.algorithms).map(|keys| self.use_keys(keys))
    }

    /// Takes a key set that was read for this verifier's algorithms, and tells how many keys it has. Tokens that were
    /// verified by a key which is still there stay verified.
    pub fn use_keys(&self, keys: KeySet) -> usize {
        let keys = Arc::new(keys.after(&self.keys.load()));
        let count = keys.len();
        self.turn_to(&keys);
        count
    }

    fn turn_to(&self, keys: &Arc<KeySet>) {
        self.keys.store(Arc::clone(keys));
        let now = now();
        self.verified.retain(now, |known| keys.has(&known.key));
        self.refused.retain(now, |_| false);
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
    pub fn watch(&self, token: &Verified) -> Watch {
        self.revocations.watch(&token.bearer())
    }

    /// From when on a token is refused as expired, seconds since the Unix epoch.
    pub fn expires_at(&self, token: &Verified) -> u64 {
        token.exp.saturating_add(self.settings.leeway)
    }

    /// Forgets revocations and cached tokens whose time is over. Call it every minute or so.
    pub fn prune(&self) {
        let now = now();
        self.revocations.prune(now);
        self.verified.retain(now, |_| true);
        self.refused.retain(now, |_| true);
    }

    /// Whether a token is revoked.
    pub fn is_revoked(&self, token: &Verified) -> bool {
        self.revocations.concern(&token.bearer())
    }

    /// What is revoked.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Judges `token`: what is remembered of it, or else the work.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        crate::token::bounded(token)?;
        let digest = Digest::of(token);
        self.recall(digest).unwrap_or_else(|| self.judge(token, digest))
    }

    /// What is remembered of a token, if anything. It takes no signature, no allocation, and no lock that anybody waits for.
    pub fn recall(&self, digest: Digest) -> Option<Result<Arc<Verified>, TokenError>> {
        let now = now();
        match self.verified.get(digest, now, |known| Arc::clone(&known.token)) {
            Some(token) => Some(self.holds(&token).map(|()| token)),
            None => self.refused.get(digest, now, |error| Err(*error)),
        }
    }

    /// Judges a token anew, one signature, and remembers the verdict. `digest` is the token's.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(&self, token: &str, digest: Digest) -> Result<Arc<Verified>, TokenError> {
        let (keys, now) = (self.keys.load_full(), now());
        let parts = Parts::read(token)?;
        let verdict = self.check(&parts, &keys, now);
        let verdict = match verdict {
            Ok((verified, key)) => {
                let known = Known {
                    token: Arc::new(verified),
                    key,
                };
                let until = self.expires_at(&known.token);
                self.verified.insert(digest, known.clone(), until, now);
                Ok(known)
            }
            Err(error) => {
                if error.lasts() {
                    self.refused.insert(digest, error, now + REFUSED_FOR, now);
                }
                Err(error)
            }
        };
        // Other keys came meanwhile, and what this was judged by may be gone: who swept the memories saw it not.
        if !Arc::ptr_eq(&keys, &self.keys.load()) {
            self.verified.remove(digest);
            self.refused.remove(digest);
        }
        let token = verdict?.token;
        self.holds(&token).map(|()| token)
    }

    /// What [`Verifier::verify`] says, with all claims, and nothing is remembered of it: for those who only want to know.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn peek(&self, token: &str) -> Result<Verified, TokenError> {
        let parts = Parts::read(token)?;
        let (verified, _) = self.check(&parts, &self.keys.load_full(), now())?;
        self.looked_at(&parts, verified)
    }

    /// As [`Verifier::peek`], and gives the claims in a form of the caller's.
    ///
    /// # Errors
    /// Why it is refused; `Invalid` if the claims have another form.
    pub fn read<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        let claims = Value::Object(self.peek(token)?.claims);
        serde_json::from_value(claims).map_err(|_| TokenError::Invalid)
    }

    /// What a token says of itself, where no key is at hand to tell whether it is true: nobody may be let in by it. What no
    /// key could make good is refused all the same.
    ///
    /// # Errors
    /// Why no key could make it good.
    pub fn unverified(&self, token: &str) -> Result<Verified, TokenError> {
        let parts = Parts::read(token)?;
        self.check_header(&parts)?;
        let verified = self.check_claims(&parts, now())?;
        self.looked_at(&parts, verified)
    }

    fn looked_at(&self, parts: &Parts<'_>, verified: Verified) -> Result<Verified, TokenError> {
        self.holds(&verified)?;
        let claims = parts.claims()?;
        Ok(Verified { claims, ..verified })
    }

    /// What may change while a verified token is remembered, beside its time.
    fn holds(&self, token: &Verified) -> Result<(), TokenError> {
        if self.is_revoked(token) {
            Err(TokenError::Revoked)
        } else {
            Ok(())
        }
    }

    /// The header, then the signature, then the claims: what is signed by nobody is not even read.
    fn check(&self, parts: &Parts<'_>, keys: &KeySet, now: u64) -> Result<(Verified, Arc<Key>), TokenError> {
        self.check_header(parts)?;
        let key = match keys.find(parts.header.kid.as_deref(), parts.header.algorithm) {
            Found::Key(key) => key,
            Found::Wrong => return Err(TokenError::Invalid),
            Found::Unknown => return Err(TokenError::UnknownKey),
        };
        if !key.verifies(parts.message.as_bytes(), parts.signature) {
            return Err(TokenError::Invalid);
        }
        self.check_claims(parts, now)
            .map(|verified| (verified, Arc::clone(key)))
    }

    fn check_header(&self, parts: &Parts<'_>) -> Result<(), TokenError> {
        let header = &parts.header;
        if self.settings.algorithms.contains(&header.algorithm) && self.types.contains(&header.typ) {
            Ok(())
        } else {
            Err(TokenError::Invalid)
        }
    }

    fn check_claims(&self, parts: &Parts<'_>, now: u64) -> Result<Verified, TokenError> {
        let claims = parts.claims()?;
        let registered = claims::check(&claims, &self.settings, now)?;
        Ok(Verified::new(&self.issuer, registered, &claims, &self.settings))
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
