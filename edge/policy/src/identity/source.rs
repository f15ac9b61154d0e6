//! Where a token may sit.

use super::query;
use http::HeaderMap;
use shared_identity::{bearer, cookie};

/// Where a token may sit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The cookie of this name.
    Cookie(String),
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// The query parameter of this name, where a client can set neither.
    Query(String),
}

/// A token as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a, 's> {
    /// It.
    pub text: &'a str,
    /// Where it sat.
    pub source: &'s TokenSource,
}

/// The first token that the sources name, if any. An empty value is no token: clearing a cookie leaves one. `query` is the
/// target's where tokens may be taken from it.
pub fn token<'a, 's>(
    headers: &'a HeaderMap,
    query: Option<&'a str>,
    sources: &'s [TokenSource],
) -> Option<Token<'a, 's>> {
    sources.iter().find_map(|source| {
        let text = match source {
            TokenSource::Cookie(name) => cookie(headers, name),
            TokenSource::Bearer => bearer(headers),
            TokenSource::Query(name) => query.and_then(|query| query::value(query, name)),
        };
        text.map(|text| Token { text, source })
    })
}

#[cfg(test)]
mod tests {
    use super::{token as find, *};
    use http::HeaderValue;

    /// A token's text.
    fn token<'a>(headers: &'a HeaderMap, sources: &[TokenSource]) -> Option<&'a str> {
        find(headers, None, sources).map(|token| token.text)
    }

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn the_order_of_sources_decides() {
        let both = map(&[
            ("cookie", "a=1; access_token=from-cookie"),
            ("authorization", "bearer from-header"),
        ]);
        let cookie = TokenSource::Cookie("access_token".into());
        assert_eq!(
            token(&both, &[cookie.clone(), TokenSource::Bearer]),
            Some("from-cookie")
        );
        assert_eq!(
            token(&both, &[TokenSource::Bearer, cookie.clone()]),
            Some("from-header")
        );
        assert_eq!(token(&both, &[]), None);
        let bearer = [TokenSource::Bearer];
        assert_eq!(find(&both, None, &bearer).map(|token| token.source), Some(&bearer[0]));
        let cleared = map(&[("cookie", "access_token="), ("authorization", "Bearer x")]);
        assert_eq!(token(&cleared, &[cookie.clone(), TokenSource::Bearer]), Some("x"));
        for other in ["Basic dXNlcg==", "Bearer", "Bearer ", ""] {
            assert_eq!(
                token(&map(&[("authorization", other)]), &[TokenSource::Bearer]),
                None,
                "{other:?}"
            );
        }
        let longer = map(&[("cookie", "xaccess_token=evil"), ("cookie", "access_token=\"q\"")]);
        assert_eq!(
            token(&longer, &[cookie]),
            Some("q"),
            "names match whole, and HTTP/2 may split the field"
        );
    }

    #[test]
    fn any_bytes_may_stand_beside_or_in_place_of_a_token() {
        let raw = |name: &'static str, value: &[u8]| {
            let mut map = HeaderMap::new();
            map.insert(name, HeaderValue::from_bytes(value).unwrap());
            map
        };
        let beside = raw("cookie", b"name=Zo\xc3\xab; raw=\xff; access_token=t");
        assert_eq!(cookie(&beside, "access_token"), Some("t"));
        let wrong = raw("authorization", b"Bearer \xff");
        assert!(
            token(&wrong, &[TokenSource::Bearer]).is_some(),
            "not anonymous, but refused"
        );
    }

    #[test]
    fn a_query_counts_only_where_it_is_given() {
        let sources = [TokenSource::Bearer, TokenSource::Query("access_token".into())];
        let none = HeaderMap::new();
        let found = find(&none, Some("a=b&access_token=x"), &sources);
        assert_eq!(found.map(|token| (token.text, token.source)), Some(("x", &sources[1])));
        assert_eq!(find(&none, None, &sources), None);
    }
}
