//! How long whoever opened something that stays open may keep it: until the token that opened it is revoked, or expires.
//!
//! A stream lives no longer than its token: what is revoked is remembered for as long as a token can live, and a session that
//! ended after that would not be heard of. Clients come again with a fresh token, as they do after any other break.

use crate::{context::RequestContext, generation::Route};
use edge_policy::identity::Identity;
use shared_contracts::Code;
use shared_identity::Watch;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep_until};

/// A timer that is set for later than this would never ring.
const LATEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What was opened with a token. Nobody's streams have none.
pub(crate) struct Standing {
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
}

impl Over {
    /// The code that says so.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::Revoked => Code::TokenRevoked,
            Self::Expired => Code::TokenExpired,
        }
    }
}

impl Standing {
    /// Of whoever asks, if the route knows who that is.
    pub(crate) fn of(route: &Route, ctx: &RequestContext) -> Option<Self> {
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

    async fn over(&mut self) -> Over {
        tokio::select! {
            biased;
            () = self.watch.ended() => Over::Revoked,
            () = sleep_until(self.expires) => Over::Expired,
        }
    }
}

/// Returns once it is over: never, where nobody is known to stand behind a stream.
pub(crate) async fn over(standing: &mut Option<Standing>) -> Over {
    match standing {
        Some(standing) => standing.over().await,
        None => std::future::pending().await,
    }
}
