//! Whose quota a request is charged to: the parts of a request that a limit is counted by, and the store's key made of them.
//!
//! Parts stand in the order of the file, with a `|` between them. A value is written as it is where that is short and plain, else
//! as a digest behind a `#`; neither sign is plain. So no value can be taken for another one's, for two, or for another part, and
//! a key is bounded however long the values are. Fields and cookies, which may be secrets, are always digests.

use crate::client_ip;
use http::{HeaderMap, HeaderName, Method};
use sha2::{Digest, Sha256};
use shared_identity::{Verified, cookie};
use std::{fmt::Write, net::IpAddr};

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The client's address; for IPv6 its /64, which is what one subscriber gets.
    ClientIp,
    /// A claim of the token, by its name.
    Claim(String),
    /// The values of a header field.
    Header(HeaderName),
    /// The value of a cookie.
    Cookie(String),
    /// The route's name.
    Route,
    /// The method; all that RFC 9110 and RFC 5789 do not name are one.
    Method,
}

/// What becomes of a request that has not all the parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnMissing {
    /// The limit is not for it.
    #[default]
    Skip,
    /// What is missing counts as a value: all who lack it share a quota.
    Share,
}

/// What a limit is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBy {
    /// One part at least.
    pub parts: Vec<Part>,
    /// Where one is missing.
    pub on_missing: OnMissing,
}

impl From<Part> for KeyBy {
    fn from(part: Part) -> Self {
        Self {
            parts: vec![part],
            on_missing: OnMissing::Skip,
        }
    }
}

impl KeyBy {
    /// Whether it tells signed-in users apart by what their tokens say.
    pub fn needs_token(&self) -> bool {
        let is_claim = |part: &Part| matches!(part, Part::Claim(_));
        self.on_missing == OnMissing::Skip && self.parts.iter().any(is_claim)
    }
}

/// What a request shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'r> {
    /// The client's address.
    pub client: IpAddr,
    /// What its token says; a rejected one says nothing.
    pub token: Option<&'r Verified>,
    /// The method.
    pub method: &'r Method,
    /// The fields.
    pub headers: &'r HeaderMap,
}

/// Why a limit does not count a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared<'k> {
    /// It is for callers without a valid token.
    Users,
    /// It is for callers with one.
    Anonymous,
    /// This part is missing.
    Without(&'k Part),
}

/// Room for most keys, so that making one allocates once.
const ROOM: usize = 64;
/// Longer values are digested.
const PLAIN: usize = 64;
const MISSING: char = '-';

/// Makes keys: a limit's parts, with all that is the same for every request of a route written out.
#[derive(Debug, Clone)]
pub struct Keys {
    start: String,
    pieces: Vec<Piece>,
    shares: bool,
}

#[derive(Debug, Clone)]
enum Piece {
    Always(String),
    Of { tag: String, part: Part },
}

impl Keys {
    /// For the limit of this name on a route; leased buckets have a form, and so keys, of their own. Without a store's own
    /// prefix: `edge:rl:<limit>:<subject>`, `edge:lease:<limit>:<subject>`.
    pub fn new(by: &KeyBy, limit: &str, is_leased: bool, route: &str) -> Self {
        let kind = if is_leased { "lease" } else { "rl" };
        let piece = |part: &Part| match part {
            Part::Route => {
                let mut text = String::from("route:");
                plain(&mut text, route.as_bytes());
                Piece::Always(text)
            }
            part => Piece::Of {
                tag: tag(part),
                part: part.clone(),
            },
        };
        Self {
            start: format!("edge:{kind}:{limit}:"),
            pieces: by.parts.iter().map(piece).collect(),
            shares: by.on_missing == OnMissing::Share,
        }
    }

    /// The key of a request.
    ///
    /// # Errors
    /// The part that it lacks.
    pub fn of(&self, facts: &Facts<'_>) -> Result<String, Spared<'_>> {
        let mut key = String::with_capacity(self.start.len() + ROOM);
        key.push_str(&self.start);
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                key.push('|');
            }
            match piece {
                Piece::Always(text) => key.push_str(text),
                Piece::Of { tag, part } => {
                    let before = key.len();
                    key.push_str(tag);
                    if !write(&mut key, part, facts) {
                        if !self.shares {
                            return Err(Spared::Without(part));
                        }
                        key.truncate(before);
                        key.push(MISSING);
                    }
                }
            }
        }
        Ok(key)
    }

    /// What a key says of the request alone.
    pub fn subject<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&*self.start).unwrap_or(key)
    }
}

/// What stands before a part's value. An address needs nothing.
fn tag(part: &Part) -> String {
    match part {
        Part::ClientIp => String::new(),
        Part::Claim(name) => format!("{name}:"),
        Part::Header(name) => format!("header.{name}:"),
        Part::Cookie(name) => format!("cookie.{name}:"),
        Part::Route => "route:".to_owned(),
        Part::Method => "method:".to_owned(),
    }
}

/// Writes a part's value; `false` where there is none. An empty one is none.
fn write(key: &mut String, part: &Part, facts: &Facts<'_>) -> bool {
    match part {
        Part::ClientIp => address(key, facts.client),
        Part::Method => key.push_str(known(facts.method)),
        Part::Claim(name) => match facts.token.and_then(|token| token.text(name)) {
            Some(value) if !value.is_empty() => plain(key, value.as_bytes()),
            _ => return false,
        },
        Part::Cookie(name) => match cookie(facts.headers, name) {
            Some(value) => digest(key, [value.as_bytes()]),
            None => return false,
        },
        Part::Header(name) => {
            let values = || facts.headers.get_all(name).iter().map(|value| value.as_bytes());
            if values().all(<[u8]>::is_empty) {
                return false;
            }
            digest(key, values());
        }
        Part::Route => return false,
    }
    true
}

/// A method that has a name of its own. Any token may be sent as one, and each would have a quota.
fn known(method: &Method) -> &str {
    let is_known = matches!(
        *method,
        Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::PATCH
            | Method::OPTIONS
            | Method::CONNECT
            | Method::TRACE
    );
    if is_known { method.as_str() } else { "OTHER" }
}

fn address(key: &mut String, client: IpAddr) {
    match client_ip::subscriber(client) {
        v4 @ IpAddr::V4(_) => key.push_str(&client_ip::text(v4)),
        IpAddr::V6(network) => {
            // Writing to a `String` cannot fail.
            let _ = write!(key, "{network}/64");
        }
    }
}

/// A value as it is, where that is short and plain, else its digest.
fn plain(key: &mut String, value: &[u8]) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-@+=/:~".contains(byte);
    match std::str::from_utf8(value) {
        Ok(text) if text.len() <= PLAIN && value.iter().all(is_plain) => key.push_str(text),
        _ => digest(key, [value]),
    }
}

/// A digest of some values, 128 bits of SHA-256 as hex behind a `#`. Each value is told apart from the next.
fn digest<'v>(key: &mut String, values: impl IntoIterator<Item = &'v [u8]>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut hash = Sha256::new();
    for value in values {
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    key.push('#');
    for byte in &hash.finalize()[..16] {
        key.push(char::from(HEX[usize::from(byte >> 4)]));
        key.push(char::from(HEX[usize::from(byte & 15)]));
    }
}

/// The names by which configurations call parts: `client_ip`, `jwt.<claim>`, `header.<name>`, `cookie.<name>`, `route`, `method`.
impl std::str::FromStr for Part {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "client_ip" => return Ok(Self::ClientIp),
            "route" => return Ok(Self::Route),
            "method" => return Ok(Self::Method),
            _ => {}
        }
        let (kind, name) = text.split_once('.').ok_or(())?;
        match kind {
            _ if name.is_empty() => Err(()),
            "jwt" => Ok(Self::Claim(name.to_owned())),
            "header" => HeaderName::from_bytes(name.as_bytes()).map(Self::Header).map_err(drop),
            "cookie" => {
                // A cookie's name is a token, as a field's is (RFC 6265, section 4.1.1).
                HeaderName::from_bytes(name.as_bytes()).map_err(drop)?;
                Ok(Self::Cookie(name.to_owned()))
            }
            _ => Err(()),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Claim(name) => write!(f, "jwt.{name}"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
            Self::Route => f.write_str("route"),
            Self::Method => f.write_str("method"),
        }
    }
}

#[cfg(test)]
mod tests;
