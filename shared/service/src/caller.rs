//! Who asks: the signed-in user, the service, the client's address — as the edge vouches for them.

use crate::{ApiError, ServiceTokens, deadline};
use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, request::Parts},
};
use shared_contracts::{header, token};
use std::{net::IpAddr, time::Instant};
use uuid::Uuid;

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: i64,
    /// User name.
    pub name: String,
    /// Role.
    pub role: String,
    /// The session of the token.
    pub session_id: String,
}

/// What is known of a request's origin. As an extractor it never fails.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The signed-in user, if the edge vouches for one.
    pub user: Option<User>,
    /// The service that sent the request, if its token is genuine.
    pub service: Option<String>,
    /// The client's address, if the edge vouches for it.
    pub client_ip: Option<IpAddr>,
    /// Whether the client spoke TLS to the edge.
    pub secure: bool,
    /// The host the client asked the edge for.
    pub host: Option<String>,
    /// Names the request in every log.
    pub request_id: String,
    /// W3C trace context, passed on to peers and events.
    pub traceparent: Option<String>,
    /// When nobody waits for the answer any more, if that was said.
    pub deadline: Option<Instant>,
}

impl Caller {
    /// Nobody: for work that no request asked for.
    pub fn nobody() -> Self {
        Self {
            user: None,
            service: None,
            client_ip: None,
            secure: false,
            host: None,
            request_id: Uuid::now_v7().to_string(),
            traceparent: None,
            deadline: None,
        }
    }

    /// Reads a request head. Identity headers count only beside the edge's own token.
    pub fn from_headers(headers: &HeaderMap, tokens: &ServiceTokens) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let service = text(header::SERVICE_TOKEN).and_then(|shown| tokens.caller(shown));
        let from_edge = service == Some(token::EDGE);
        let vouched = |name: &str| if from_edge { text(name) } else { None };
        let user = vouched(header::USER_ID).and_then(|id| id.parse().ok()).map(|id| User {
            id,
            name: vouched(header::USER_NAME).unwrap_or_default().to_owned(),
            role: vouched(header::USER_ROLE).unwrap_or_default().to_owned(),
            session_id: vouched(header::SESSION_ID).unwrap_or_default().to_owned(),
        });
        Self {
            user,
            client_ip: vouched(header::FORWARDED_FOR).and_then(|ip| ip.parse().ok()),
            secure: vouched(header::FORWARDED_PROTO) == Some("https"),
            host: vouched(header::FORWARDED_HOST).map(ToOwned::to_owned),
            request_id: service
                .and_then(|_| text(header::REQUEST_ID))
                .map_or_else(|| Uuid::now_v7().to_string(), ToOwned::to_owned),
            traceparent: service.and_then(|_| text(header::TRACEPARENT)).map(ToOwned::to_owned),
            service: service.map(ToOwned::to_owned),
            deadline: deadline::of(headers, Instant::now()),
        }
    }

    /// `path` as an address the client can ask for: absolute where its view of the edge is known.
    pub fn address_of(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        self.host
            .as_ref()
            .map_or_else(|| path.to_owned(), |host| format!("{scheme}://{host}{path}"))
    }

    /// The user, or `UNAUTHENTICATED`.
    pub fn require_user(&self) -> Result<&User, ApiError> {
        self.user.as_ref().ok_or_else(ApiError::unauthenticated)
    }
}

/// Set on every request by [`crate::app`].
fn caller(parts: &Parts) -> Caller {
    parts.extensions.get::<Caller>().cloned().unwrap_or_else(Caller::nobody)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(caller(parts))
    }
}

/// Extracts the signed-in user, or answers `UNAUTHENTICATED`.
#[derive(Debug, Clone)]
pub struct RequireUser(pub User);

impl<S: Sync> FromRequestParts<S> for RequireUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        caller(parts).user.map(Self).ok_or_else(ApiError::unauthenticated)
    }
}

/// Extracts the name of the calling service, or answers `FORBIDDEN`: for `/internal/*`.
#[derive(Debug, Clone)]
pub struct RequireService(pub String);

impl<S: Sync> FromRequestParts<S> for RequireService {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        caller(parts)
            .service
            .map(Self)
            .ok_or_else(|| ApiError::forbidden("Only services may call this"))
    }
}

/// The caller of a whole request.
pub(crate) fn of<B>(request: &Request<B>, tokens: &ServiceTokens) -> Caller {
    Caller::from_headers(request.headers(), tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn tokens() -> ServiceTokens {
        let digest = |token: &str| {
            Sha256::digest(token)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        };
        ServiceTokens::parse(&format!("edge:{},posts:{}", digest("edge.e"), digest("posts.p"))).unwrap()
    }

    fn headers(token: &str) -> HeaderMap {
        [
            ("x-service-token", token),
            ("x-user-id", "7"),
            ("x-user-name", "ann"),
            ("x-forwarded-for", "::1"),
        ]
        .into_iter()
        .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
        .collect()
    }

    #[test]
    fn identity_counts_only_from_the_edge() {
        let caller = Caller::from_headers(&headers("edge.e"), &tokens());
        assert_eq!(caller.user.map(|user| (user.id, user.name)), Some((7, "ann".into())));
        assert!(caller.client_ip.is_some());
        for (token, service) in [("posts.p", Some("posts".to_owned())), ("edge.x", None), ("", None)] {
            let caller = Caller::from_headers(&headers(token), &tokens());
            assert_eq!((caller.user, caller.client_ip, caller.service), (None, None, service));
        }
    }
}
