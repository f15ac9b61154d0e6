//! Signing keys (Ed25519, RFC 8032), the ring that signs and checks with them, and their public set (RFC 7517, RFC 8037).
//!
//! A key is published as soon as it is made, signs a [`LEAD`] later (until then every verifier has fetched it), and is
//! published on after a younger one took over, until the last token it signed has expired.

use crate::domain::seal::Sealer;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared_contracts::claims::{AUDIENCE, Claims, ISSUER};
use uuid::Uuid;

/// How long an access token lasts.
pub(crate) const TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// Between the making of a key and its first signature; verifiers refresh their key set every ten minutes.
pub(crate) const LEAD: TimeDelta = TimeDelta::hours(1);
/// Between the end of a key's last token and the key's own: clocks differ, and instances notice a new key a bit later.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyErrorKind {
    #[error("the key {0} cannot be opened: AUTH_KEY_SECRET is not the one it was sealed with")]
    Sealed(String),
    #[error("the key {0} has a wrong form")]
    Malformed(String),
    #[error("no key may sign now")]
    None,
    #[error("signing failed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// The signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeyError(#[from] pub(crate) KeyErrorKind);

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    /// RFC 7638 thumbprint.
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    pub(crate) sealed_seed: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    /// When it begins to sign.
    pub(crate) active_from: DateTime<Utc>,
}

impl StoredKey {
    /// A new key that signs from `active_from` on.
    pub(crate) fn generate(sealer: &Sealer, now: DateTime<Utc>, active_from: DateTime<Utc>) -> Result<Self, KeyError> {
        let seed: [u8; 32] = rand::random();
        let public_key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let kid = thumbprint(&public_key);
        let sealed_seed = sealer
            .seal(&kid, &seed)
            .ok_or_else(|| KeyErrorKind::Malformed(kid.clone()))?;
        Ok(Self {
            kid,
            public_key: public_key.to_vec(),
            sealed_seed,
            created_at: now,
            active_from,
        })
    }
}

/// When the keys before a key that becomes active at `active_from` may be forgotten.
pub(crate) fn retirement(active_from: DateTime<Utc>) -> DateTime<Utc> {
    active_from + TOKEN_LIFETIME + MARGIN
}

/// RFC 7638 over the members that RFC 8037, section 2, requires.
fn thumbprint(public_key: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public_key);
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

struct Key {
    kid: String,
    active_from: DateTime<Utc>,
    public_key: Vec<u8>,
    signs: EncodingKey,
    checks: DecodingKey,
}

impl Key {
    fn open(stored: StoredKey, sealer: &Sealer) -> Result<Self, KeyError> {
        let kid = stored.kid;
        let Some(seed) = sealer.open(&kid, &stored.sealed_seed) else {
            return Err(KeyErrorKind::Sealed(kid).into());
        };
        let malformed = || KeyErrorKind::Malformed(kid.clone());
        let key = SigningKey::from_bytes(seed.as_slice().try_into().map_err(|_| malformed())?);
        if key.verifying_key().as_bytes().as_slice() != stored.public_key {
            return Err(malformed().into());
        }
        let signs = EncodingKey::from_ed_der(key.to_pkcs8_der().map_err(|_| malformed())?.as_bytes());
        let checks = DecodingKey::from_ed_der(&stored.public_key);
        Ok(Self {
            kid,
            active_from: stored.active_from,
            public_key: stored.public_key,
            signs,
            checks,
        })
    }
}

/// Whom an access token is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) user_id: i64,
    pub(crate) username: &'a str,
    pub(crate) role: &'a str,
    pub(crate) session: Uuid,
}

/// The published keys, opened.
pub(crate) struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// Opens the keys.
    pub(crate) fn open(stored: Vec<StoredKey>, sealer: &Sealer) -> Result<Self, KeyError> {
        let mut keys = stored
            .into_iter()
            .map(|key| Key::open(key, sealer))
            .collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse(key.active_from));
        Ok(Self { keys })
    }

    /// An access token of [`TOKEN_LIFETIME`], signed by the youngest key that may sign.
    pub(crate) fn sign(&self, subject: &Subject<'_>, now: DateTime<Utc>) -> Result<String, KeyError> {
        let key = self
            .keys
            .iter()
            .find(|key| key.active_from <= now)
            .ok_or(KeyErrorKind::None)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid.clone());
        let seconds = |time: DateTime<Utc>| u64::try_from(time.timestamp()).unwrap_or_default();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: subject.user_id.to_string(),
            name: subject.username.to_owned(),
            role: subject.role.to_owned(),
            sid: subject.session.to_string(),
            jti: Uuid::now_v7().to_string(),
            iat: seconds(now),
            exp: seconds(now + TOKEN_LIFETIME),
        };
        Ok(encode(&header, &claims, &key.signs).map_err(KeyErrorKind::Sign)?)
    }

    /// The session that one of our access tokens names, expired or not: enough to end it, and for nothing else.
    pub(crate) fn session_of(&self, token: &str) -> Option<Uuid> {
        let kid = decode_header(token).ok()?.kid?;
        let key = self.keys.iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        let claims = decode::<Claims>(token, &key.checks, &validation).ok()?.claims;
        claims.sid.parse().ok()
    }

    /// The public keys as a JWK set.
    pub(crate) fn public(&self) -> Value {
        let keys = self.keys.iter().map(|key| {
            let x = URL_SAFE_NO_PAD.encode(&key.public_key);
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": x })
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use shared_identity::{TokenError, Verifier, VerifierSettings};

    fn subject() -> Subject<'static> {
        Subject {
            user_id: 7,
            username: "ann",
            role: "user",
            session: Uuid::from_u128(9),
        }
    }

    fn verifier(ring: &KeyRing) -> Verifier {
        let verifier = Verifier::new(VerifierSettings::default());
        verifier.set_keys(ring.public().to_string().as_bytes()).unwrap();
        verifier
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        // RFC 8037, appendix A.3.
        let x = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .unwrap();
        assert_eq!(
            thumbprint(x.as_slice().try_into().unwrap()),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn a_younger_key_takes_over_when_its_time_comes() {
        // Both tokens are of now for whoever verifies them, give and take a few seconds.
        let (sealer, now) = (Sealer::new(&[1; 32]), Utc::now() - TimeDelta::seconds(2));
        let old = StoredKey::generate(&sealer, now - LEAD, now - LEAD).unwrap();
        let new = StoredKey::generate(&sealer, now, now + TimeDelta::seconds(1)).unwrap();
        let ring = KeyRing::open(vec![old.clone(), new.clone()], &sealer).unwrap();
        let kid = |token: &str| decode_header(token).unwrap().kid.unwrap();
        let before = ring.sign(&subject(), now).unwrap();
        let after = ring.sign(&subject(), now + TimeDelta::seconds(1)).unwrap();
        assert_eq!((kid(&before), kid(&after)), (old.kid, new.kid));
        let verifier = verifier(&ring);
        for token in [before, after] {
            let claims: Claims = verifier.read(&token).unwrap();
            assert_eq!(
                (claims.sub.as_str(), claims.name.as_str(), claims.exp - claims.iat),
                ("7", "ann", 900)
            );
        }
    }

    #[test]
    fn an_expired_token_still_names_its_session_and_a_forged_one_does_not() {
        let (sealer, now) = (Sealer::new(&[1; 32]), Utc::now());
        let long_ago = now - TimeDelta::days(1);
        let ring = KeyRing::open(vec![StoredKey::generate(&sealer, now, long_ago).unwrap()], &sealer).unwrap();
        let token = ring.sign(&subject(), long_ago).unwrap();
        assert_eq!(verifier(&ring).verify(&token), Err(TokenError::Expired));
        assert_eq!(ring.session_of(&token), Some(Uuid::from_u128(9)));
        let other = KeyRing::open(vec![StoredKey::generate(&sealer, now, long_ago).unwrap()], &sealer).unwrap();
        assert_eq!(other.session_of(&token), None);
        let (head, signature) = token.rsplit_once('.').unwrap();
        let mut forged = signature.to_owned();
        let first = if forged.remove(0) == 'A' { 'B' } else { 'A' };
        forged.insert(0, first);
        assert_eq!(ring.session_of(&format!("{head}.{forged}")), None);
    }

    #[test]
    fn a_wrong_secret_is_told() {
        let now = Utc::now();
        let stored = StoredKey::generate(&Sealer::new(&[1; 32]), now, now).unwrap();
        let error = KeyRing::open(vec![stored], &Sealer::new(&[2; 32])).err().unwrap();
        assert!(error.to_string().contains("AUTH_KEY_SECRET"), "{error}");
    }
}
