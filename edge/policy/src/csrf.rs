//! Cross-site request forgery: a foreign page must not act with a visitor's cookies.

use crate::cors::CorsPolicy;
use http::{HeaderMap, Method, header};
use shared_contracts::Code;

/// Requests without `Origin`, from the edge's own host, or from an origin the route's CORS policy allows, pass. Any
/// other `Origin` that comes with a cookie is refused on unsafe methods, and on upgrades, which are GETs that act.
///
/// `own_host` is the `Host` (or `:authority`) that the client asked for.
///
/// # Errors
/// `CROSS_SITE_REQUEST`.
pub fn check(
    method: &Method,
    upgrade: bool,
    headers: &HeaderMap,
    own_host: &str,
    cors: Option<&CorsPolicy>,
) -> Result<(), Code> {
    if (method.is_safe() && !upgrade) || !headers.contains_key(header::COOKIE) {
        return Ok(());
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let known = origin
        .to_str()
        .is_ok_and(|o| is_own(o, own_host) || cors.is_some_and(|cors| cors.allows(o)));
    if known { Ok(()) } else { Err(Code::CrossSiteRequest) }
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
mod tests {
    use super::*;
    use std::time::Duration;

    fn run(method: &Method, upgrade: bool, origin: Option<&str>, cookie: bool) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        if cookie {
            headers.insert("cookie", "access_token=x".parse().unwrap());
        }
        let cors = CorsPolicy::new(&["http://localhost:5173"], true, &["GET"], &[], &[], Duration::ZERO).unwrap();
        check(method, upgrade, &headers, "feed.example:8080", Some(&cors)).is_ok()
    }

    #[test]
    fn a_foreign_origin_with_a_cookie_may_only_look() {
        let foreign = Some("https://evil.example");
        assert!(!run(&Method::POST, false, foreign, true));
        assert!(!run(&Method::DELETE, false, foreign, true));
        assert!(!run(&Method::GET, true, foreign, true), "a WebSocket acts");
        assert!(!run(&Method::POST, false, Some("null"), true));
        assert!(run(&Method::GET, false, foreign, true));
        assert!(
            run(&Method::POST, false, foreign, false),
            "no cookie, no borrowed identity"
        );
        assert!(run(&Method::POST, false, None, true), "curl");
        assert!(
            run(&Method::POST, false, Some("http://localhost:5173"), true),
            "the allowed web app"
        );
        assert!(
            run(&Method::POST, false, Some("http://feed.example:8080"), true),
            "own host"
        );
        assert!(
            !run(&Method::POST, false, Some("http://feed.example"), true),
            "another port is another origin"
        );
        assert!(!run(
            &Method::POST,
            false,
            Some("http://feed.example:8080.evil.example"),
            true
        ));
    }

    #[test]
    fn default_ports_are_the_same_host() {
        assert!(is_own("https://feed.example", "feed.example"));
        assert!(is_own("https://feed.example", "Feed.example:443"));
        assert!(is_own("http://feed.example:80", "feed.example"));
        assert!(!is_own("ftp://feed.example", "feed.example"));
        assert!(!is_own("http://", ""));
    }
}
