//! One access token that never expires, and the key set that verifies it: always the same bytes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use shared_contracts::claims::{AUDIENCE, Claims, ISSUER};

/// Name of the key.
const KID: &str = "bench";
/// The year 2100, seconds since the Unix epoch.
const NEVER: u64 = 4_102_444_800;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The key set (RFC 7517).
pub fn jwks() -> String {
    let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KID, "x": x });
    json!({ "keys": [key] }).to_string()
}

/// The signed token (RFC 7519 and RFC 8037) of user 7, as long as those that auth signs.
pub fn access_token() -> String {
    access_token_of(7)
}

/// The same of another user.
pub fn access_token_of(user: u32) -> String {
    let text = |s: &str| s.to_owned();
    let claims = Claims {
        iss: text(ISSUER),
        aud: text(AUDIENCE),
        sub: user.to_string(),
        name: text("ann"),
        role: text("user"),
        sid: text("6f0c1c1e-7a51-4c2e-9f5e-0d8f3a4b5c6d"),
        jti: text("0b9d3c55-1f7a-4f6e-8c3d-2e1f0a9b8c7d"),
        iat: 0,
        exp: NEVER,
    };
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": KID }).to_string();
    let claims = serde_json::to_vec(&claims).expect("claims as JSON");
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// A token as long as [`access_token`] that names the key and was not signed by it.
pub fn forged() -> String {
    let good = access_token();
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode([3; 64]))
}
