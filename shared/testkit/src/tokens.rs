//! Tokens of services and of users.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use shared_contracts::claims::{AUDIENCE, Claims, ISSUER};
use std::collections::BTreeMap;

/// Who calls whom.
const CALLERS: [&str; 6] = ["edge", "auth", "posts", "comments", "media", "notifications"];

/// Random service tokens of all callers, and the digests a callee wants.
#[derive(Debug, Clone)]
pub struct ServiceTokens {
    tokens: BTreeMap<&'static str, String>,
}

impl ServiceTokens {
    /// One token a caller: the edge and the five services.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let token = |caller| (caller, format!("{caller}.{}", hex(&rand::random::<[u8; 32]>())));
        Self {
            tokens: CALLERS.into_iter().map(token).collect(),
        }
    }

    /// The token of `caller`, for `SERVICE_TOKEN` or the header `x-service-token`.
    ///
    /// # Panics
    /// If there is no such caller.
    pub fn token(&self, caller: &str) -> &str {
        self.tokens.get(caller).expect("a known caller")
    }

    /// The value of `SERVICE_TOKEN_DIGESTS`.
    pub fn digests(&self) -> String {
        let entry = |(caller, token): (&&str, &String)| format!("{caller}:{}", hex(&Sha256::digest(token)));
        self.tokens.iter().map(entry).collect::<Vec<_>>().join(",")
    }
}

/// Signs access tokens as auth does, with a key of its own.
#[derive(Debug, Clone)]
pub struct TestTokens {
    key: SigningKey,
    kid: String,
}

impl TestTokens {
    /// A fresh key.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self {
            key: SigningKey::from_bytes(&rand::random()),
            kid: crate::env::unique("kid"),
        }
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set (RFC 7517) that verifies the tokens.
    pub fn jwks(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": x });
        json!({ "keys": [key] }).to_string()
    }

    /// Claims of a user with a session of its own, valid for 15 minutes from now.
    ///
    /// # Panics
    /// If the clock is before 1970.
    pub fn claims(user_id: i64, name: &str) -> Claims {
        let now = u64::try_from(chrono::Utc::now().timestamp()).expect("a clock after 1970");
        Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user_id.to_string(),
            name: name.into(),
            role: "user".into(),
            sid: uuid::Uuid::new_v4().to_string(),
            jti: uuid::Uuid::new_v4().to_string(),
            iat: now,
            exp: now + 900,
        }
    }

    /// The signed token (RFC 7519 and RFC 8037).
    ///
    /// # Panics
    /// Never: claims have a JSON form.
    pub fn sign(&self, claims: &Claims) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid }).to_string();
        let claims = serde_json::to_string(claims).expect("claims as JSON");
        self.sign_texts(&header, &claims)
    }

    /// A token of any header and any claims, genuinely signed.
    pub fn sign_texts(&self, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// A token of that user; shorthand for [`TestTokens::sign`] of [`TestTokens::claims`].
    pub fn token(&self, user_id: i64, name: &str) -> String {
        self.sign(&Self::claims(user_id, name))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
