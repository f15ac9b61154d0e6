//! What goes back to the client: status, content type, body.

use crate::error::{GraphqlError, Refusal};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

/// An answer ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, by the GraphQL-over-HTTP specification.
    pub status: StatusCode,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// `Allow`, with a 405.
    pub allow: Option<&'static str>,
    /// The body, a GraphQL response in JSON.
    pub body: Bytes,
    /// What was asked for, as far as it was understood: for logs and metrics.
    pub operation: Option<Label>,
}

/// An operation's name for logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// `query` or `mutation`.
    pub kind: &'static str,
    /// The name the client gave it. It is the client's text: do not make a metric label of it.
    pub name: Option<String>,
}

/// The two media types of a GraphQL response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/graphql-response+json`: the status tells of request errors.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed GraphQL request.
    Json,
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// Chooses the format by `Accept`; `None` if neither is accepted. A client that does not name
/// `application/graphql-response+json` gets `application/json`.
pub(crate) fn negotiate(headers: &HeaderMap) -> Option<Format> {
    let mut named = false;
    let (mut graphql, mut json, mut any) = (0.0_f32, 0.0_f32, 0.0_f32);
    for value in headers.get_all(header::ACCEPT) {
        // A header that is no text accepts nothing in particular.
        for range in value
            .to_str()
            .unwrap_or("*/*")
            .split(',')
            .map(str::trim)
            .filter(|range| !range.is_empty())
        {
            named = true;
            let (media, quality) = media_range(range);
            let slot = match media.to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => &mut graphql,
                "application/json" => &mut json,
                "application/*" | "*/*" => &mut any,
                _ => continue,
            };
            *slot = slot.max(quality);
        }
    }
    match named {
        false => Some(Format::Json),
        true if graphql > 0.0 && graphql >= json => Some(Format::GraphqlResponse),
        true if json > 0.0 || any > 0.0 => Some(Format::Json),
        true => None,
    }
}

/// Splits `type/subtype;q=0.5` into the type and its weight (RFC 9110, section 12.4.2).
fn media_range(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, q)| q.trim().parse().unwrap_or(0.0));
    (media, quality)
}

impl Answer {
    /// The answer of an executed operation.
    pub(crate) fn executed(format: Format, body: Bytes, operation: Label) -> Self {
        let status = StatusCode::OK;
        Self {
            status,
            content_type: format.content_type(),
            allow: None,
            body,
            operation: Some(operation),
        }
    }

    /// The answer to a request that is not executed: no `data`.
    pub(crate) fn refused(format: Format, refusal: &Refusal, operation: Option<Label>) -> Self {
        #[derive(Serialize)]
        struct Body<'a> {
            errors: &'a [GraphqlError],
        }
        let body = serde_json::to_vec(&Body {
            errors: &refusal.errors,
        })
        .unwrap_or_default();
        let status = match format {
            Format::Json if refusal.well_formed => StatusCode::OK,
            _ => refusal.status,
        };
        Self {
            status,
            content_type: format.content_type(),
            allow: refusal.allow,
            body: body.into(),
            operation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(accept: &[&str]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        negotiate(&headers)
    }

    #[test]
    fn accept_chooses_the_format() {
        assert_eq!(format(&[]), Some(Format::Json));
        assert_eq!(format(&["*/*"]), Some(Format::Json));
        assert_eq!(format(&["application/json"]), Some(Format::Json));
        assert_eq!(format(&["text/html, */*;q=0.8"]), Some(Format::Json));
        assert_eq!(
            format(&["application/graphql-response+json"]),
            Some(Format::GraphqlResponse)
        );
        assert_eq!(
            format(&["Application/GraphQL-Response+JSON; charset=utf-8"]),
            Some(Format::GraphqlResponse)
        );
        assert_eq!(
            format(&["application/graphql-response+json, application/json;q=0.9"]),
            Some(Format::GraphqlResponse)
        );
        assert_eq!(
            format(&["application/json, application/graphql-response+json;q=0.9"]),
            Some(Format::Json)
        );
        assert_eq!(
            format(&["text/html", "application/graphql-response+json"]),
            Some(Format::GraphqlResponse)
        );
        assert_eq!(format(&["text/html"]), None);
        assert_eq!(format(&["application/json;q=0"]), None);
        assert_eq!(format(&["*/*;q=nonsense"]), None);
    }
}
