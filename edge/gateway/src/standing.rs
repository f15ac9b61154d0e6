//! How long whoever opened something that stays open may keep it: until the token that opened it is revoked, or expires, or until it
//! has to leave (see [`crate::stay`]).
//!
//! A stream lives no longer than its token: what is revoked is remembered for as long as a token can live, and a session that
//! ended after that would not be heard of. Clients come again with a fresh token, as they do after any other break.

use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    stay::{Leave, Stay},
};
use edge_policy::identity::Identity;
use shared_contracts::Code;
use shared_identity::Watch;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::{Instant, sleep_until};

/// A timer that is set for later than this would never ring.
const LATEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What was opened stands on this.
pub(crate) struct Standing {
    /// Nobody's streams have none.
    token: Option<Token>,
    /// What ends by itself has none.
    stay: Option<Stay>,
    /// Whether it may be ended before it is answered.
    is_poll: bool,
}

struct Token {
    watch: Watch,
    expires: Instant,
}

/// Why it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The token, its session or all of its user's were revoked.
    Revoked,
    /// The token's time is over.
    Expired,
    /// It has to leave, whoever it is.
    Leaving(Leave),
}

impl Over {
    /// How a WebSocket is told: a status (RFC 6455, section 7.4.1, and IANA's registry for 1012) and a reason.
    pub(crate) fn close(self) -> (u16, &'static str) {
        match self {
            Self::Revoked => (1008, Code::TokenRevoked.as_str()),
            Self::Expired => (1008, Code::TokenExpired.as_str()),
            Self::Leaving(Leave::Stopping) => (1001, "GOING_AWAY"),
            Self::Leaving(Leave::Moved) => (1012, "SERVICE_RESTART"),
        }
    }
}

impl Standing {
    /// Of whoever asks. `is_poll`: it may be told to come again before it is answered.
    pub(crate) fn of(edge: &Arc<Edge>, route: &Route, is_poll: bool, ctx: &RequestContext) -> Self {
        Self {
            token: Token::of(route, ctx),
            stay: Some(Stay::new(edge, route)),
            is_poll,
        }
    }

    /// Of an answer that ends by itself, soon: nothing ends it before.
    pub(crate) fn free() -> Self {
        Self {
            token: None,
            stay: None,
            is_poll: false,
        }
    }

    /// Whether it is a poll that waits for news.
    pub(crate) fn is_poll(&self) -> bool {
        self.is_poll
    }

    /// It is at this target of that upstream now.
    pub(crate) fn at(&mut self, upstream: Arc<str>, target: SocketAddr) {
        if let Some(stay) = &mut self.stay {
            stay.at(upstream, target);
        }
    }

    /// Returns once it is over.
    pub(crate) async fn over(&mut self) -> Over {
        tokio::select! {
            biased;
            over = ended(&mut self.token) => over,
            leave = leaves(&mut self.stay) => Over::Leaving(leave),
        }
    }

    /// Returns once it is over though it is not answered yet: what will be answered soon does not have to leave for that.
    pub(crate) async fn over_unanswered(&mut self) -> Over {
        match self.is_poll {
            true => self.over().await,
            false => ended(&mut self.token).await,
        }
    }
}

impl Token {
    fn of(route: &Route, ctx: &RequestContext) -> Option<Self> {
        let Identity::User(token) = &ctx.identity else {
            return None;
        };
        let issuer = route.gate.as_ref()?.issuer_of(token)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires = Duration::from_secs(issuer.verifier.expires_at(token));
        Some(Self {
            watch: issuer.verifier.watch(token),
            expires: Instant::now() + expires.saturating_sub(now).min(LATEST),
        })
    }
}

/// Never, where it ends by itself.
async fn leaves(stay: &mut Option<Stay>) -> Leave {
    match stay {
        Some(stay) => stay.over().await,
        None => std::future::pending().await,
    }
}

/// Never, where nobody is known to stand behind a stream.
async fn ended(token: &mut Option<Token>) -> Over {
    let Some(token) = token else {
        return std::future::pending().await;
    };
    tokio::select! {
        biased;
        () = token.watch.ended() => Over::Revoked,
        () = sleep_until(token.expires) => Over::Expired,
    }
}
