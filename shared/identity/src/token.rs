//! A token's text taken apart: JWS compact serialisation (RFC 7515, section 7.1) of JSON claims.

use crate::{Algorithm, TokenError, json};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// Longer tokens are refused unread, bytes.
pub const MAX_TOKEN_BYTES: usize = 8192;
/// A longer `kid` is no key's name, bytes.
const MAX_KID_BYTES: usize = 256;

/// A token's parts. Nothing is known to be true of them.
pub(crate) struct Parts<'t> {
    pub(crate) header: Header,
    /// What is signed.
    pub(crate) message: &'t str,
    /// The claims, base64url.
    payload: &'t str,
    /// base64url.
    pub(crate) signature: &'t str,
}

/// What a token's header says, as far as it is listened to. `jku`, `jwk`, `x5u` and `x5c` are not: whoever makes a token
/// must not say which key proves it (RFC 8725, section 3.10).
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    /// `typ`, in lower case and without `application/` (RFC 7515, section 4.1.9).
    pub(crate) typ: Option<String>,
}

impl<'t> Parts<'t> {
    pub(crate) fn read(token: &'t str) -> Result<Self, TokenError> {
        let [header, payload, signature] = split(token)?;
        Ok(Self {
            header: Header::read(&members(header)?)?,
            message: &token[..header.len() + 1 + payload.len()],
            payload,
            signature,
        })
    }

    /// The claims. Read them once the signature is known to be good.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, TokenError> {
        members(self.payload)
    }
}

impl Header {
    fn read(members: &Map<String, Value>) -> Result<Self, TokenError> {
        // No extension is understood here, so one that must be understood cannot be (RFC 7515, section 4.1.11).
        if members.contains_key("crit") {
            return Err(TokenError::Invalid);
        }
        let text = |name| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Invalid),
        };
        let algorithm = text("alg")?.and_then(|name| Algorithm::from_name(name));
        let kid = text("kid")?.cloned();
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return Err(TokenError::Invalid);
        }
        Ok(Self {
            algorithm: algorithm.ok_or(TokenError::Invalid)?,
            kid,
            typ: text("typ")?.map(|typ| media_type(typ)),
        })
    }
}

/// `typ` as it is compared.
pub(crate) fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/")
        .map_or_else(|| typ.clone(), str::to_owned)
}

/// The `iss` that a token names: good for choosing who is to judge it, and for nothing else.
pub fn said_issuer(token: &str) -> Option<String> {
    let [_, payload, _] = split(token).ok()?;
    match members(payload).ok()?.remove("iss")? {
        Value::String(issuer) => Some(issuer),
        _ => None,
    }
}

/// Refuses what is too long to be looked at.
pub(crate) fn bounded(token: &str) -> Result<(), TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Invalid);
    }
    Ok(())
}

fn split(token: &str) -> Result<[&str; 3], TokenError> {
    bounded(token)?;
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(TokenError::Invalid),
    }
}

/// A part that is one JSON object. Padding and stray bits are refused: each object has one spelling in base64url.
fn members(part: &str) -> Result<Map<String, Value>, TokenError> {
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Invalid)?;
    json::object(&text).map_err(|_| TokenError::Invalid)
}
