//! Access tokens as auth signs them (RFC 7519 and RFC 8037), and the same with a secret for those who know no EdDSA.

use super::peer::Verifies;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use std::fmt;

const KEY_ID: &str = "bench";
/// Longer than any run.
const LIFE: i64 = 24 * 3600;

/// Keys of one comparison.
#[derive(Clone)]
pub(crate) struct Tokens {
    key: SigningKey,
    secret: String,
}

/// A user, by number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User(pub(crate) u32);

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Tokens {
    /// Fresh keys.
    pub(crate) fn new() -> Self {
        let secret: [u8; 32] = rand::random();
        Self {
            key: SigningKey::from_bytes(&rand::random()),
            secret: secret.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The secret of HS256: 64 letters.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The key set (RFC 7517) of EdDSA.
    pub(crate) fn jwks(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID, "x": x });
        json!({ "keys": [key] }).to_string()
    }

    /// A token of that user, for one who verifies in this way. Who verifies nothing gets one all the same, so that
    /// requests have one size.
    pub(crate) fn token(&self, user: User, verifies: Verifies) -> String {
        let algorithm = if verifies == Verifies::Secret { "HS256" } else { "EdDSA" };
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": KEY_ID }).to_string();
        let now = chrono::Utc::now().timestamp();
        let claims = json!({
            "iss": "newfeed-auth", "aud": "newfeed-api", "sub": user.to_string(), "name": format!("user{user}"),
            "role": "user", "sid": format!("session-{user}"), "jti": format!("token-{user}"),
            "iat": now, "exp": now + LIFE,
        });
        let text = format!("{}.{}", encoded(&header), encoded(claims.to_string()));
        let signature = match verifies {
            Verifies::Secret => self.authenticated(&text),
            _ => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        };
        format!("{text}.{}", encoded(signature))
    }

    fn authenticated(&self, text: &str) -> Vec<u8> {
        // HMAC takes a key of any length.
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()) else {
            return Vec::new();
        };
        hmac.update(text.as_bytes());
        hmac.finalize().into_bytes().to_vec()
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Verifier};

    #[test]
    fn tokens_verify_by_what_is_published() {
        let tokens = Tokens::new();
        let token = tokens.token(User(7), Verifies::Keys);
        let (text, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let jwks: serde_json::Value = serde_json::from_str(&tokens.jwks()).unwrap();
        let key = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap();
        key.verify(text.as_bytes(), &Signature::from_slice(&signature).unwrap())
            .unwrap();
        let claims = URL_SAFE_NO_PAD.decode(text.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "7");
    }

    #[test]
    fn a_secret_signs_as_the_standard_says() {
        let tokens = Tokens {
            key: SigningKey::from_bytes(&[1; 32]),
            secret: "Jefe".to_owned(),
        };
        // RFC 4231, test case 2.
        let hex: String = tokens
            .authenticated("what do ya want for nothing?")
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(tokens.token(User(1), Verifies::Secret).split('.').count() == 3);
    }
}
