//! Who may use the operator's listener. A page in an operator's browser reaches loopback too: so the name that it came by, and
//! the page that asks, are looked at before anything else.

use super::{answer::Refusal, token::Token};
use crate::overrides::Who;
use http::{HeaderMap, HeaderName, header, uri::Authority};
use shared_contracts::Code;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Longest name that a client may give itself.
const LONGEST_AGENT: usize = 100;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Looks at every request.
pub(crate) struct Guard {
    bind: SocketAddr,
    token_file: PathBuf,
}

impl Guard {
    /// For the listener at `bind`, with the token in that file.
    pub(crate) fn new(bind: SocketAddr, token_file: PathBuf) -> Self {
        Self { bind, token_file }
    }

    /// Refuses what a foreign page could have sent: a name that an attacker resolves to loopback (DNS rebinding), and
    /// requests on behalf of other pages.
    pub(super) fn check_page(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(&header::HOST).unwrap_or_default();
        if !is_own_host(host, self.bind) {
            let detail =
                "This listener answers to loopback names and to its own address alone, such as Host: localhost.";
            return Err(Refusal::new(Code::Forbidden, detail));
        }
        let own = format!("http://{host}");
        let foreign_origin = text(&header::ORIGIN).is_some_and(|origin| !origin.eq_ignore_ascii_case(&own));
        let foreign_site = text(&SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
        if foreign_origin || foreign_site {
            let detail = "Pages of other sites may not use this listener.";
            return Err(Refusal::new(Code::CrossSiteRequest, detail));
        }
        Ok(())
    }

    /// Who shows the token. The file is read each time, so that a new token counts at once.
    pub(super) fn identify(&self, headers: &HeaderMap, remote: String) -> Result<Who, Refusal> {
        let token = Token::read_or_make(&self.token_file).map_err(|error| {
            tracing::error!(%error, "the operators' token cannot be used");
            Refusal::new(Code::ServiceUnavailable, error.to_string())
        })?;
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        if !shown.is_some_and(|shown| token.is(shown)) {
            let detail = format!(
                "Show the token in {}: `Authorization: Bearer <token>`.",
                self.token_file.display()
            );
            return Err(Refusal::new(Code::Unauthenticated, detail));
        }
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Who {
            token: token.fingerprint(),
            agent: agent.unwrap_or_default().chars().take(LONGEST_AGENT).collect(),
            remote,
        })
    }
}

/// Whether a `Host` is one that only an operator can have used. An address is no name that could be rebound, so a listener
/// on all interfaces answers to each of them.
fn is_own_host(host: &str, bind: SocketAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback() || address == bind.ip() || bind.ip().is_unspecified(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answers(bind: &str, host: &str) -> bool {
        is_own_host(host, bind.parse().unwrap())
    }

    #[test]
    fn only_names_that_nobody_else_can_give_are_answered() {
        for own in [
            "localhost",
            "LocalHost:9901",
            "127.0.0.1:9901",
            "127.1.2.3",
            "[::1]:9901",
        ] {
            assert!(answers("127.0.0.1:9901", own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:9901",
            "localhost.evil.example",
            "10.0.0.1:9901",
            "a b",
        ] {
            assert!(!answers("127.0.0.1:9901", foreign), "{foreign}");
        }
        assert!(answers("10.0.0.1:9901", "10.0.0.1:9901") && !answers("10.0.0.1:9901", "10.0.0.2:9901"));
        assert!(answers("0.0.0.0:9901", "10.0.0.2:9901") && !answers("0.0.0.0:9901", "evil.example"));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let guard = Guard::new("127.0.0.1:9901".parse().unwrap(), PathBuf::new());
        let refused = |fields: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "localhost:9901".parse().unwrap());
            for (name, value) in fields {
                headers.insert(*name, value.parse().unwrap());
            }
            guard.check_page(&headers).is_err()
        };
        assert!(!refused(&[]));
        assert!(!refused(&[
            ("origin", "http://localhost:9901"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!refused(&[("sec-fetch-site", "none")]));
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost:3000",
            "https://localhost:9901",
        ] {
            assert!(refused(&[("origin", origin)]), "{origin}");
        }
        assert!(refused(&[("sec-fetch-site", "cross-site")]), "an image needs no origin");
    }
}
