//! Cross-site request forgery: a foreign page must not act with a visitor's cookies.
//!
//! Browsers say on whose behalf they ask: with `Sec-Fetch-Site` (Fetch Metadata) and with `Origin`. Pages cannot forge either, and
//! programs send neither: what has neither passes, as there is no visitor whose cookies could be borrowed.

use crate::cors::CorsPolicy;
use http::{HeaderMap, HeaderName, Method, header};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What becomes of a request that another site's page has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is refused.
    #[default]
    Enforce,
    /// It passes, and is counted: to find out who would be refused.
    Report,
    /// Nobody looks.
    Off,
}

/// Whose pages may act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsrfPolicy {
    /// What becomes of others' requests.
    pub mode: Mode,
    /// Origins whose pages may, beside the host asked for and those that the cross-origin policy allows.
    pub trusted_origins: Vec<String>,
    /// Whether pages of the same site may: those of sibling hosts, which anybody may run who has a subdomain.
    pub same_site: bool,
    /// Whether requests without a cookie are looked at too: where one signs in, a foreign page brings the credentials itself.
    pub without_cookies: bool,
}

/// A request that could be forged.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'r> {
    /// The method.
    pub method: &'r Method,
    /// Whether it opens a WebSocket, which is a `GET` that acts.
    pub upgrade: bool,
    /// The fields.
    pub headers: &'r HeaderMap,
    /// Whether a token was shown on purpose, in `Authorization` for instance. No page of another site knows one.
    pub is_shown: bool,
}

/// Why a request passes, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Nobody looks.
    NotLooked,
    /// It only reads.
    Safe,
    /// It carries nothing that a page could borrow.
    NothingBorrowed,
    /// No browser sent it.
    NoBrowser,
    /// A page of the host itself, or the visitor without a page.
    Own,
    /// A page of the same site.
    SameSite,
    /// A page of an origin that may.
    Trusted,
    /// A page of another site, that may not.
    Foreign,
}

impl CsrfPolicy {
    /// Judges a request.
    pub fn judge(&self, asked: &Asked<'_>, cors: Option<&CorsPolicy>) -> Site {
        let headers = asked.headers;
        if self.mode == Mode::Off {
            return Site::NotLooked;
        }
        if asked.method.is_safe() && !asked.upgrade {
            return Site::Safe;
        }
        if asked.is_shown || (!self.without_cookies && !headers.contains_key(header::COOKIE)) {
            return Site::NothingBorrowed;
        }
        let origin = headers
            .get(header::ORIGIN)
            .map(|origin| origin.to_str().unwrap_or("null"));
        let site = headers.get(&SEC_FETCH_SITE).map(|site| site.as_bytes());
        match (site, origin) {
            (Some(b"same-origin" | b"none"), _) => Site::Own,
            (Some(b"same-site"), _) if self.same_site => Site::SameSite,
            (_, Some(origin)) if self.trusts(origin, cors) => Site::Trusted,
            (None, None) => Site::NoBrowser,
            // Older browsers, and WebSockets in some of today's, tell the origin alone.
            (None, Some(origin)) if is_own(origin, host(headers)) => Site::Own,
            _ => Site::Foreign,
        }
    }

    fn trusts(&self, origin: &str, cors: Option<&CorsPolicy>) -> bool {
        self.trusted_origins.iter().any(|trusted| trusted == origin) || cors.is_some_and(|cors| cors.allows(origin))
    }
}

impl Site {
    /// Whether such a request may go on.
    pub fn passes(self) -> bool {
        self != Self::Foreign
    }
}

fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default()
}

/// Whether an origin is that of the host asked for. The scheme is not compared: a balancer in front may have ended TLS.
fn is_own(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    !host.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests;
