//! What a token's claims must say (RFC 7519, section 4.1).

use crate::{TokenError, VerifierSettings};
use serde_json::{Map, Value};

/// Beyond the year 9999: no date, and never reached by adding a leeway.
const NO_DATE: u64 = 253_402_300_800;

/// Those that every token has.
pub(crate) struct Registered {
    pub(crate) sub: String,
    /// The session and the token; empty where the issuer names none.
    pub(crate) sid: String,
    pub(crate) jti: String,
    /// Seconds since the Unix epoch; `iat` is 0 where the issuer does not say.
    pub(crate) iat: u64,
    pub(crate) exp: u64,
}

/// Judges the claims at `now`, seconds since the Unix epoch.
pub(crate) fn check(
    claims: &Map<String, Value>,
    settings: &VerifierSettings,
    now: u64,
) -> Result<Registered, TokenError> {
    if text(claims, "iss")? != Some(&settings.issuer) || !is_for(claims.get("aud"), &settings.audience) {
        return Err(TokenError::Invalid);
    }
    // Whom quotas, logs and services know the caller by.
    let sub = text(claims, "sub")?.filter(|sub| !sub.is_empty());
    let sub = sub.ok_or(TokenError::Invalid)?.to_owned();
    let name = |claim| Ok(text(claims, claim)?.unwrap_or_default().to_owned());
    let (sid, jti) = (name("sid")?, name("jti")?);
    let exp = date(claims, "exp")?.ok_or(TokenError::Invalid)?;
    if exp + settings.leeway <= now {
        return Err(TokenError::Expired);
    }
    let (nbf, iat) = (date(claims, "nbf")?, date(claims, "iat")?);
    if nbf.max(iat).is_some_and(|begin| begin > now + settings.leeway) {
        return Err(TokenError::NotYet);
    }
    Ok(Registered {
        sub,
        sid,
        jti,
        iat: iat.unwrap_or_default(),
        exp,
    })
}

/// `aud` is a text or a list of texts.
fn is_for(aud: Option<&Value>, audience: &str) -> bool {
    match aud {
        Some(Value::String(aud)) => aud == audience,
        Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(|aud| aud == audience),
        _ => false,
    }
}

fn text<'c>(claims: &'c Map<String, Value>, name: &str) -> Result<Option<&'c str>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Invalid),
    }
}

/// A date in whole seconds. A fraction, a text, or what no calendar has is none.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, TokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(date) => {
            let date = date.as_u64().filter(|date| *date < NO_DATE);
            date.map(Some).ok_or(TokenError::Invalid)
        }
    }
}
