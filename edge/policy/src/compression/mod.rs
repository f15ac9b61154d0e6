//! Compression of answers: which of them, for whom, in which coding (RFC 9110, sections 8.4 and 12.5.3).

mod accept;
mod media;
mod pressure;

pub use accept::negotiate;
pub use media::MediaRange;
pub use pressure::{Effort, Pressure};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8878.
    Zstd,
    /// Brotli, RFC 7932.
    Br,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All of them; the order is no preference.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Br, Self::Gzip];

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Br => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// How hard each coding tries, by its own scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// 1 to 19.
    pub zstd: u8,
    /// 0 to 11.
    pub br: u8,
    /// 1 to 9.
    pub gzip: u8,
}

impl Levels {
    /// A coding's level where so much effort can be made.
    pub fn of(&self, coding: Coding, effort: Effort) -> u8 {
        let (level, least) = match coding {
            Coding::Zstd => (self.zstd, 1),
            Coding::Br => (self.br, 0),
            Coding::Gzip => (self.gzip, 1),
        };
        match effort {
            Effort::Full => level,
            Effort::Half => level.div_ceil(2).max(least).min(level),
            Effort::Least => least.min(level),
        }
    }
}

/// What a route compresses.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The codings it knows, the preferred first.
    pub offered: Box<[Coding]>,
    /// Answers that declare less are not worth it, bytes.
    pub min_size: u64,
    /// Media types that are worth it.
    pub types: Box<[MediaRange]>,
    /// How hard it tries.
    pub levels: Levels,
}

/// Why an answer passes as it is, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untouched {
    /// It has no body to speak of, by its status.
    Status,
    /// It is encoded already.
    Encoded,
    /// `Cache-Control: no-transform` (RFC 9111, section 5.2.2.6), or a digest of just these bytes (RFC 9530).
    NoTransform,
    /// It sets a cookie: beside a secret, what a client can make the answer repeat tells of the secret by the length (BREACH).
    SetsCookie,
    /// Its media type is none of those, or gRPC, which compresses by itself.
    Type,
    /// Nothing is compressed here.
    NotAsked,
    /// It is too small.
    Small,
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing; nor would it for anybody else.
    Untouched(Untouched),
    /// Nothing here, but others may get it encoded: `Vary` has to say so.
    AsItIs,
    /// It is encoded.
    Encoded(Coding),
}

/// A digest of the content is one of the bytes on the wire.
static CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
static DIGEST: HeaderName = HeaderName::from_static("digest");

/// The request as far as it matters.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its version: HTTP/1.0 has no chunks, and an answer's new length is known at its end only.
    pub version: Version,
    /// Its fields.
    pub headers: &'a HeaderMap,
}

impl Terms {
    /// Decides. The answer's fields are those of the service, before anything is added.
    pub fn judge(&self, asked: &Asked<'_>, status: StatusCode, answer: &HeaderMap) -> Verdict {
        if let Some(why) = self.untouched(status, answer) {
            return Verdict::Untouched(why);
        }
        let is_whole = *asked.method != Method::HEAD
            && !matches!(status, StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT)
            && !answer.contains_key(header::CONTENT_RANGE)
            && asked.version >= Version::HTTP_11;
        let coding = if is_whole {
            negotiate(asked.headers, &self.offered)
        } else {
            None
        };
        coding.map_or(Verdict::AsItIs, Verdict::Encoded)
    }

    fn untouched(&self, status: StatusCode, answer: &HeaderMap) -> Option<Untouched> {
        // It says nothing of the body that it stands for.
        if status == StatusCode::NOT_MODIFIED {
            return None;
        }
        if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
            return Some(Untouched::Status);
        }
        let is_encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
        if answer.get(header::CONTENT_ENCODING).is_some_and(is_encoded) {
            return Some(Untouched::Encoded);
        }
        if forbids(answer) || answer.contains_key(&CONTENT_DIGEST) || answer.contains_key(&DIGEST) {
            return Some(Untouched::NoTransform);
        }
        if answer.contains_key(header::SET_COOKIE) {
            return Some(Untouched::SetsCookie);
        }
        let media = answer.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !media.is_some_and(|media| self.takes(media)) {
            return Some(Untouched::Type);
        }
        // An empty body needs no coding, whatever is configured.
        (declared(answer)? < self.min_size.max(1)).then_some(Untouched::Small)
    }

    fn takes(&self, media: &str) -> bool {
        let essence = media::essence(media);
        let is_grpc = essence
            .get(..16)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("application/grpc"));
        !is_grpc && self.types.iter().any(|range| range.includes(essence))
    }
}

/// The answer's length, where it is declared.
pub fn declared(answer: &HeaderMap) -> Option<u64> {
    answer.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn forbids(answer: &HeaderMap) -> bool {
    let directives = answer.get_all(header::CACHE_CONTROL).iter();
    let mut directives = directives.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    directives.any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
}

/// Says in the answer's head what becomes of it.
pub fn tell(answer: &mut HeaderMap, verdict: Verdict) {
    match verdict {
        Verdict::Untouched(_) => {}
        Verdict::AsItIs => vary(answer),
        Verdict::Encoded(coding) => {
            vary(answer);
            encoded(answer, coding);
        }
    }
}

/// The answer depends on what the client takes.
fn vary(answer: &mut HeaderMap) {
    let is_said = |value: &HeaderValue| {
        let mut names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept-encoding"))
    };
    if !answer.get_all(header::VARY).iter().any(is_said) {
        answer.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Its length is another one, parts of it are other parts, and what names it names other bytes of the same meaning: a strong `ETag`
/// becomes a weak one (RFC 9110, section 8.8.1).
fn encoded(answer: &mut HeaderMap, coding: Coding) {
    answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    answer.remove(header::CONTENT_LENGTH);
    answer.remove(header::ACCEPT_RANGES);
    if let Some(tag) = answer.get(header::ETAG)
        && !tag.as_bytes().starts_with(b"W/")
    {
        let weak = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat());
        match weak {
            Ok(weak) => answer.insert(header::ETAG, weak),
            Err(_) => answer.remove(header::ETAG),
        };
    }
}

#[cfg(test)]
mod tests;
