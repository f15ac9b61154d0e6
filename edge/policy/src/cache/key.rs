//! Under which key an answer is kept. The law of the cache: all that a service sees of who asks is part of it.

use super::frame;
use http::{HeaderMap, HeaderName};
use shared_identity::Verified;

/// What becomes of what tells who asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Credentials {
    /// It is part of the key: everybody has answers of his own.
    #[default]
    Keyed,
    /// It is taken away before the service is asked: there is one answer for all.
    Stripped,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Names the route with all that decides what it answers.
    pub route: u128,
    /// Whether the client spoke TLS.
    pub secure: bool,
    /// Whom it asked for.
    pub host: &'a [u8],
    /// Path and query, in normal form.
    pub path: &'a [u8],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The request's fields, as the client sent them.
    pub headers: &'a HeaderMap,
    /// What a good token says.
    pub token: Option<&'a Verified>,
}

/// Words that are part of the names of fields by which somebody tells who he is.
const WORDS: [&str; 10] = [
    "auth",
    "token",
    "api-key",
    "apikey",
    "api_key",
    "secret",
    "session",
    "password",
    "credential",
    "signature",
];

/// Whether a request field tells who asks: cookies, `Authorization`, and what looks like a key or a token of somebody's own making.
pub fn is_credential(name: &HeaderName) -> bool {
    let name = name.as_str();
    name == "cookie" || WORDS.iter().any(|word| name.contains(word))
}

impl Caller<'_> {
    /// Whether the service sees who asks.
    pub fn is_personal(&self, credentials: Credentials) -> bool {
        let is_known = || self.token.is_some() || self.headers.contains_key(http::header::AUTHORIZATION);
        credentials == Credentials::Keyed && is_known()
    }
}

/// The key, as bytes that no other request makes.
pub fn key(target: &Target<'_>, caller: &Caller<'_>, credentials: Credentials) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + target.path.len());
    bytes.extend_from_slice(&target.route.to_le_bytes());
    bytes.push(u8::from(target.secure));
    frame(&mut bytes, &target.host.to_ascii_lowercase());
    frame(&mut bytes, target.path);
    if credentials == Credentials::Keyed {
        identity(&mut bytes, caller);
    }
    bytes
}

fn identity(bytes: &mut Vec<u8>, caller: &Caller<'_>) {
    bytes.push(u8::from(caller.token.is_some()));
    if let Some(token) = caller.token {
        frame(bytes, token.iss.as_bytes());
        frame(bytes, token.sub.as_bytes());
        // What services are told of it: two tokens of one user may say different things.
        for (name, value) in &token.fields {
            frame(bytes, name.as_str().as_bytes());
            frame(bytes, value.as_bytes());
        }
    }
    // Where the token's fields end.
    frame(bytes, b"");
    let mut names: Vec<&HeaderName> = caller.headers.keys().filter(|name| is_credential(name)).collect();
    names.sort_unstable_by_key(|name| name.as_str());
    for name in names {
        for value in caller.headers.get_all(name) {
            frame(bytes, name.as_str().as_bytes());
            frame(bytes, value.as_bytes());
        }
    }
}

/// Takes away what tells who asks.
pub fn strip(fields: &mut HeaderMap) {
    let found: Vec<HeaderName> = fields.keys().filter(|name| is_credential(name)).cloned().collect();
    for name in &found {
        fields.remove(name);
    }
}
