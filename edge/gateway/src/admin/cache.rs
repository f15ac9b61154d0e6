//! `POST /cache/purge`: what is kept goes, by tag, by address, or all of it.

use super::{
    Operation,
    answer::{Answer, Refusal},
    overrides::{parse, record},
};
use crate::{cache::Purged, edge::Edge};
use edge_policy::{
    cache::{Secret, page, path, tag},
    path::normalise,
};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use shared_contracts::Code;
use std::sync::Arc;

const LONGEST: usize = 8 * 1024;

/// Exactly one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    tag: Option<String>,
    url: Option<String>,
    all: Option<bool>,
}

/// Purges, and tells how much.
pub(super) async fn purge(edge: &Arc<Edge>, operation: Operation) -> Result<Answer, Refusal> {
    let wish: Wish = parse(&operation.body)?;
    let what = wish.read(&edge.cache.store.secret)?;
    let after = json!({ "tag": wish.tag, "url": wish.url, "all": wish.all });
    record(edge, "purge", Value::Null, after, operation).await?;
    let purged = edge.cache.store.purge(what);
    tracing::info!(purged, "answers were purged");
    Ok(Answer::json(&json!({ "purged": purged })))
}

impl Wish {
    fn read(&self, secret: &Secret) -> Result<Purged, Refusal> {
        match (&self.tag, &self.url, self.all) {
            (Some(name), None, None) if !name.trim().is_empty() && name.len() <= LONGEST => {
                Ok(Purged::Tag(secret.digest(&tag(name.trim().as_bytes()))))
            }
            (Some(_), None, None) => Err(wrong("tag", "A tag is a word as services write it into `Cache-Tag`.")),
            (None, Some(url), None) => Ok(Purged::Tag(secret.digest(&address(url)?))),
            (None, None, Some(true)) => Ok(Purged::All),
            _ => {
                let detail = "Say one of `tag` (a word), `url` (an address, or a path for all hosts) or `all` (true).";
                Err(Refusal::new(Code::ValidationFailed, detail))
            }
        }
    }
}

/// The bytes of an address: `https://host/path?query`, or `/path?query` under any host.
fn address(url: &str) -> Result<Vec<u8>, Refusal> {
    const LIKE: &str = "Write it like `https://example.com/media/a.jpg`, or `/media/a.jpg` for all hosts.";
    let uri: Uri = url.parse().map_err(|_| wrong("url", LIKE))?;
    let normal = normalise(uri.path()).map_err(|_| wrong("url", LIKE))?;
    let target = match uri.query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal.into_owned(),
    };
    match uri.authority() {
        Some(authority) => Ok(page(authority.as_str().as_bytes(), target.as_bytes())),
        None if url.starts_with('/') => Ok(path(target.as_bytes())),
        None => Err(wrong("url", LIKE)),
    }
}

fn wrong(field: &'static str, detail: &'static str) -> Refusal {
    Refusal::new(Code::ValidationFailed, detail).field(field)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_read_as_requests_are() {
        let bytes = |url: &str| address(url).unwrap();
        assert_eq!(bytes("https://Example.com/b?c=1"), page(b"example.com", b"/b?c=1"));
        assert_eq!(bytes("http://h:8080/%61"), page(b"h:8080", b"/a"));
        assert_eq!(bytes("/a?b"), path(b"/a?b"));
        for wrong in ["", "a b", "example.com/a", "*", "/a/../b"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn exactly_one_thing_is_asked_for() {
        let secret = Secret::new(1, 2);
        let read = |body: &str| parse::<Wish>(body.as_bytes()).and_then(|wish| wish.read(&secret));
        assert!(matches!(read(r#"{"all":true}"#), Ok(Purged::All)));
        assert!(matches!(read(r#"{"tag":"a"}"#), Ok(Purged::Tag(_))));
        for wrong in [
            "{}",
            r#"{"all":false}"#,
            r#"{"tag":" "}"#,
            r#"{"tag":"a","url":"/b"}"#,
            r#"{"key":"a"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
