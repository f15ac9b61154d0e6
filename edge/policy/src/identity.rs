//! Who asks: where a token sits, what its verdict means on a route, and what the services are told.

use http::{HeaderMap, HeaderValue, header};
use shared_contracts::{Code, claims::Claims, header as names};
use std::sync::Arc;

/// Where a token may sit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The cookie of this name.
    Cookie(String),
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
}

/// A token as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a, 's> {
    /// It.
    pub text: &'a str,
    /// Where it sat.
    pub source: &'s TokenSource,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; tokens are not looked at.
    Public,
    /// Everybody, but a token that is sent must be good, so that a client learns that it has to refresh.
    Optional,
    /// Signed-in users.
    Required,
}

/// What is known about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// No token, or a route that does not look.
    Anonymous,
    /// A good token.
    User(Arc<Claims>),
    /// A bad token, with the code that says why: `TOKEN_INVALID`, `TOKEN_EXPIRED` or `TOKEN_REVOKED`.
    Rejected(Code),
}

impl Identity {
    /// The user's claims, if the caller is one.
    pub fn claims(&self) -> Option<&Claims> {
        match self {
            Self::User(claims) => Some(claims),
            Self::Anonymous | Self::Rejected(_) => None,
        }
    }

    /// The 401's code, if this caller may not use such a route. Ask after the quotas were charged: guessing tokens is
    /// not free.
    pub fn refusal(&self, access: Access) -> Option<Code> {
        match (access, self) {
            (Access::Public, _) | (_, Self::User(_)) | (Access::Optional, Self::Anonymous) => None,
            (Access::Required, Self::Anonymous) => Some(Code::Unauthenticated),
            (Access::Optional | Access::Required, Self::Rejected(code)) => Some(*code),
        }
    }

    /// The identity headers for the service behind; none for an anonymous caller.
    pub fn headers(&self) -> Vec<(&'static str, HeaderValue)> {
        let Some(claims) = self.claims() else { return Vec::new() };
        let pairs = [
            (names::USER_ID, &claims.sub),
            (names::USER_NAME, &claims.name),
            (names::USER_ROLE, &claims.role),
            (names::SESSION_ID, &claims.sid),
        ];
        // Bytes, not text: a name may hold UTF-8. A control character cannot be sent and its header stays away.
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
        pairs
            .into_iter()
            .filter_map(|(name, text)| value(text).map(|value| (name, value)))
            .collect()
    }
}

/// The first token that the sources name, if any. An empty value is no token: clearing a cookie leaves one.
pub fn token<'a, 's>(headers: &'a HeaderMap, sources: &'s [TokenSource]) -> Option<Token<'a, 's>> {
    sources.iter().find_map(|source| {
        let text = match source {
            TokenSource::Cookie(name) => cookie(headers, name),
            TokenSource::Bearer => bearer(headers),
        };
        text.map(|text| Token { text, source })
    })
}

/// The first non-empty cookie of this name (RFC 6265, section 5.4). Other cookies may hold any bytes: browsers send what
/// a page has set, UTF-8 for instance.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter();
    let mut pairs = values.flat_map(|value| pieces(value.as_bytes()));
    pairs.find_map(|pair| {
        let (key, value) = split_once(pair, b'=')?;
        let value = value.trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        let value = unquoted.unwrap_or(value);
        (key.trim_ascii() == name.as_bytes() && !value.is_empty()).then(|| text(value))
    })
}

/// The parts between the `;`.
fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b';', line).chain([line.len()]);
    ends.map(move |end| {
        let piece = &line[from..end];
        from = end + 1;
        piece
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = split_once(headers.get(header::AUTHORIZATION)?.as_bytes(), b' ')?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then(|| text(token))
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memchr(at, bytes)?;
    Some((&bytes[..position], &bytes[position + 1..]))
}

/// What is not even text was sent as a token nevertheless: as such it is judged, and refused.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::{token as find, *};

    /// A token's text.
    fn token<'a>(headers: &'a HeaderMap, sources: &[TokenSource]) -> Option<&'a str> {
        find(headers, sources).map(|token| token.text)
    }

    fn claims(name: &str) -> Arc<Claims> {
        let text = |s: &str| s.to_owned();
        Arc::new(Claims {
            iss: text("newfeed-auth"),
            aud: text("newfeed-api"),
            sub: text("7"),
            name: text(name),
            role: text("user"),
            sid: text("s1"),
            jti: text("j1"),
            iat: 0,
            exp: 1,
        })
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
        assert_eq!(find(&both, &bearer).map(|token| token.source), Some(&bearer[0]));
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
    fn a_bad_token_is_told_unless_the_route_is_public() {
        use Access::{Optional, Public, Required};
        let rejected = Identity::Rejected(Code::TokenExpired);
        assert_eq!(rejected.refusal(Public), None);
        assert_eq!(rejected.refusal(Optional), Some(Code::TokenExpired));
        assert_eq!(rejected.refusal(Required), Some(Code::TokenExpired));
        assert_eq!(Identity::Anonymous.refusal(Optional), None);
        assert_eq!(Identity::Anonymous.refusal(Required), Some(Code::Unauthenticated));
        assert_eq!(Identity::User(claims("ann")).refusal(Required), None);
        assert!(rejected.claims().is_none(), "for quotas it is anonymous");
    }

    #[test]
    fn services_learn_the_user_and_nothing_about_others() {
        let told = Identity::User(claims("zoë")).headers();
        let told: Vec<_> = told.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        let want: [(&str, &[u8]); 4] = [
            ("x-user-id", b"7"),
            ("x-user-name", "zoë".as_bytes()),
            ("x-user-role", b"user"),
            ("x-session-id", b"s1"),
        ];
        assert_eq!(told, want);
        assert!(Identity::Rejected(Code::TokenInvalid).headers().is_empty());
        assert!(
            Identity::User(claims("a\r\nx-user-role: admin"))
                .headers()
                .iter()
                .all(|(n, _)| *n != "x-user-name")
        );
    }
}
