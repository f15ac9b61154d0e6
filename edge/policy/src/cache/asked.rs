//! Which requests are answered from the cache, and which may fill it.

use super::RequestControl;
use http::{HeaderMap, HeaderValue, Method, header};

/// A request that looks into the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// It wants nothing that is not there.
    pub only_if_cached: bool,
    /// It wants a part that does not begin at the beginning: it is given from a whole that is there, and no whole is fetched for it.
    pub is_part: bool,
}

/// Why a request passes the cache by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// Its method is neither `GET` nor `HEAD`.
    Method,
    /// It has a body, or wants another protocol.
    Body,
    /// It says `no-store`.
    NoStore,
    /// It stands under a condition that only the service can judge (`If-Match`, `If-Unmodified-Since`).
    Condition,
}

impl Passed {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Body => "body",
            Self::NoStore => "no-store",
            Self::Condition => "condition",
        }
    }
}

/// Decides by the request's head.
///
/// # Errors
/// It passes the cache by.
pub fn judge(method: &Method, headers: &HeaderMap) -> Result<Asked, Passed> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Passed::Method);
    }
    let is_empty = |value: &HeaderValue| value.as_bytes() == b"0";
    let has_body = headers.contains_key(header::TRANSFER_ENCODING) || { headers.get(header::CONTENT_LENGTH) }
        .is_some_and(|length| !is_empty(length));
    if has_body || headers.contains_key(header::UPGRADE) || headers.contains_key(header::EXPECT) {
        return Err(Passed::Body);
    }
    if headers.contains_key(header::IF_MATCH) || headers.contains_key(header::IF_UNMODIFIED_SINCE) {
        return Err(Passed::Condition);
    }
    let control = RequestControl::of(headers);
    if control.no_store {
        return Err(Passed::NoStore);
    }
    let range = headers.get(header::RANGE).map(HeaderValue::as_bytes);
    let begins = |range: &[u8]| range.trim_ascii().to_ascii_lowercase().starts_with(b"bytes=0-");
    Ok(Asked {
        only_if_cached: control.only_if_cached,
        is_part: range.is_some_and(|range| !begins(range)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &Method, fields: &[(&'static str, &str)]) -> Result<Asked, Passed> {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        judge(method, &fields.collect())
    }

    #[test]
    fn only_what_asks_for_a_whole_looks_into_the_cache() {
        let whole = Asked {
            only_if_cached: false,
            is_part: false,
        };
        let part = Asked { is_part: true, ..whole };
        for (fields, want) in [
            (&[][..], Ok(whole)),
            (&[("range", "bytes=0-")], Ok(whole)),
            (&[("range", "bytes=5-9")], Ok(part)),
            (&[("range", "bytes=-9")], Ok(part)),
            (&[("if-none-match", "\"a\""), ("content-length", "0")], Ok(whole)),
            (&[("cache-control", "no-cache, max-age=0")], Ok(whole)),
            (
                &[("cache-control", "only-if-cached")],
                Ok(Asked {
                    only_if_cached: true,
                    ..whole
                }),
            ),
            (&[("cache-control", "no-store")], Err(Passed::NoStore)),
            (&[("content-length", "1")], Err(Passed::Body)),
            (&[("transfer-encoding", "chunked")], Err(Passed::Body)),
            (&[("upgrade", "h2c")], Err(Passed::Body)),
            (&[("if-match", "*")], Err(Passed::Condition)),
        ] {
            assert_eq!(judged(&Method::GET, fields), want, "{fields:?}");
            assert_eq!(judged(&Method::HEAD, fields), want, "{fields:?}");
            assert_eq!(judged(&Method::POST, fields), Err(Passed::Method));
        }
    }
}
