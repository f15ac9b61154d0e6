//! Who connects?
//!
//! A token in the Socket.IO handshake (`auth: { token }`) is the client's own word and comes first; the edge cannot see
//! it. Then the edge's word, for requests that came through it; then, for direct ones, `Authorization` and the cookie.
//! Whoever shows a credential that is not valid is refused; whoever shows none is nobody, and may still follow posts.

use crate::identity::Gate;
use chrono::Utc;
use http::{HeaderMap, header};
use shared_contracts::{Code, claims::ACCESS_COOKIE, revocation::Revoked, token};
use shared_identity::Bearer;
use shared_service::{Caller, ServiceTokens};
use std::sync::Arc;

/// A signed-in user behind a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketUser {
    /// User id.
    pub id: i64,
    /// The session; the socket ends with it.
    pub session: String,
    /// The token's id (`jti`); empty where the edge vouches for the user.
    pub token: String,
    /// When the token was issued, seconds since the Unix epoch; where the edge vouches for the user, when that was.
    pub since: u64,
}

impl SocketUser {
    /// Whether a revocation is about what this socket was opened with.
    pub fn is_meant(&self, what: &Revoked) -> bool {
        match what {
            Revoked::Session { sid } => *sid == self.session,
            Revoked::Token { jti } => *jti == self.token,
            Revoked::User { sub, before } => sub.parse() == Ok(self.id) && self.since < *before,
        }
    }
}

/// What is needed to tell who connects.
pub struct Door {
    gate: Arc<Gate>,
    tokens: ServiceTokens,
    web_origins: Vec<String>,
}

impl Door {
    /// `tokens` tells the edge apart from clients; pages of `web_origins` may bring cookies.
    pub fn new(gate: Arc<Gate>, tokens: ServiceTokens, web_origins: Vec<String>) -> Self {
        Self {
            gate,
            tokens,
            web_origins,
        }
    }

    /// The user that the handshake proves, if it names one; `shown` is the token of the Socket.IO handshake.
    ///
    /// # Errors
    /// The code that tells the client why its credential is refused.
    pub async fn identify(&self, headers: &HeaderMap, shown: Option<&str>) -> Result<Option<SocketUser>, Code> {
        if let Some(token) = shown {
            return self.judge(token).await.map(Some);
        }
        let caller = Caller::from_headers(headers, &self.tokens);
        if caller.service.as_deref() == Some(token::EDGE) {
            let user = caller.user.map(|user| SocketUser {
                id: user.id,
                session: user.session_id,
                token: String::new(),
                since: u64::try_from(Utc::now().timestamp()).unwrap_or_default(),
            });
            return match user {
                Some(user) if self.has_ended(&user) => Err(Code::TokenRevoked),
                user => Ok(user),
            };
        }
        if let Some(token) = shared_identity::bearer(headers) {
            return self.judge(token).await.map(Some);
        }
        let Some(token) = shared_identity::cookie(headers, ACCESS_COOKIE) else {
            return Ok(None);
        };
        // Browsers send cookies with WebSocket handshakes of any page, and CORS does not hold for those.
        if !self.is_known_origin(headers) {
            return Err(Code::CrossSiteRequest);
        }
        self.judge(token).await.map(Some)
    }

    /// Whether what the user came with is revoked by now.
    pub fn has_ended(&self, user: &SocketUser) -> bool {
        let sub = user.id.to_string();
        self.gate.is_revoked(&Bearer {
            sub: &sub,
            sid: &user.session,
            jti: &user.token,
            iat: user.since,
        })
    }

    async fn judge(&self, token: &str) -> Result<SocketUser, Code> {
        let verified = self.gate.judge(token).await?;
        let id = verified.sub.parse().map_err(|_| Code::TokenInvalid)?;
        // Without a session a logout could not end the socket.
        if verified.sid.is_empty() {
            return Err(Code::TokenInvalid);
        }
        Ok(SocketUser {
            id,
            session: verified.sid.clone(),
            token: verified.jti.clone(),
            since: verified.iat,
        })
    }

    /// No `Origin` (not a browser), the host asked for, or a page that is allowed to.
    fn is_known_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin
            .split_once("://")
            .is_some_and(|(_, authority)| host == Some(authority));
        own || self.web_origins.iter().any(|known| known == origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_service::PeerClient;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn door() -> Door {
        let gate = Arc::new(Gate::new(PeerClient::new("http://127.0.0.1:9", "")));
        Door::new(gate, ServiceTokens::default(), vec!["http://localhost:5173".into()])
    }

    #[test]
    fn pages_of_other_hosts_are_foreign() {
        let host = ("host", "localhost:3005");
        for known in [
            &[host][..],
            &[host, ("origin", "http://localhost:3005")],
            &[host, ("origin", "http://localhost:5173")],
        ] {
            assert!(door().is_known_origin(&headers(known)), "{known:?}");
        }
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:3005.evil.example",
            "http://localhost",
        ] {
            assert!(
                !door().is_known_origin(&headers(&[host, ("origin", origin)])),
                "{origin}"
            );
        }
    }

    #[tokio::test]
    async fn without_a_credential_it_is_nobody() {
        assert_eq!(door().identify(&headers(&[("x-user-id", "7")]), None).await, Ok(None));
    }

    #[tokio::test]
    async fn a_cookie_brought_by_a_foreign_page_is_refused() {
        let foreign = headers(&[
            ("host", "a"),
            ("origin", "http://evil.example"),
            ("cookie", "access_token=x"),
        ]);
        assert_eq!(door().identify(&foreign, None).await, Err(Code::CrossSiteRequest));
    }

    #[tokio::test]
    async fn a_bad_credential_is_refused_and_not_overlooked() {
        let no_token = headers(&[("authorization", "Bearer nonsense")]);
        assert_eq!(door().identify(&no_token, None).await, Err(Code::TokenInvalid));
        assert_eq!(
            door().identify(&HeaderMap::new(), Some("nonsense")).await,
            Err(Code::TokenInvalid)
        );
    }
}
