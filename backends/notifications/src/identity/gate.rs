//! Judges tokens, fetching the issuer's keys when a token names one that is not known.

use super::keys;
use shared_contracts::{
    Code,
    revocation::{REVOCATIONS_PATH, Revocation, RevocationsAnswer},
};
use shared_identity::{Bearer, TokenError, Verified, Verifier, VerifierSettings};
use shared_service::{CallContext, PeerClient, PeerError};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// Tokens with made-up key ids cost the auth service at most one request in this time.
const COOLDOWN: Duration = Duration::from_secs(5);

/// The view of auth's keys and of ended sessions.
pub struct Gate {
    verifier: Verifier,
    auth: PeerClient,
    last_fetch: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate that knows no key yet; `auth` serves them.
    pub fn new(auth: PeerClient) -> Self {
        Self {
            verifier: Verifier::new(VerifierSettings::default()),
            auth,
            last_fetch: Mutex::default(),
        }
    }

    /// Judges `token`.
    ///
    /// # Errors
    /// The code for the client: what is wrong with the token, or `SERVICE_UNAVAILABLE` while no key is known.
    pub async fn judge(&self, token: &str) -> Result<Arc<Verified>, Code> {
        let mut judged = self.verifier.verify(token);
        if matches!(judged, Err(TokenError::UnknownKey)) {
            self.fetch_unless_recent().await;
            judged = self.verifier.verify(token);
        }
        judged.map_err(|error| match error {
            TokenError::UnknownKey if !self.verifier.has_keys() => Code::ServiceUnavailable,
            error => error.code(),
        })
    }

    /// Whether what somebody came with is revoked by now.
    pub fn is_revoked(&self, bearer: &Bearer<'_>) -> bool {
        self.verifier.revocations().concern(bearer)
    }

    /// Revokes; whether that is news.
    pub fn revoke(&self, revocation: &Revocation) -> bool {
        self.verifier.revoke(revocation)
    }

    /// Forgets revocations of what no token can name any more.
    pub fn prune(&self) {
        self.verifier.prune();
    }

    /// Fetches the keys, alone or after whoever is at it; a fetch that ended a moment ago counts.
    async fn fetch_unless_recent(&self) {
        let mut last = self.last_fetch.lock().await;
        if last.is_some_and(|at| at.elapsed() < COOLDOWN) {
            return;
        }
        if let Err(reason) = keys::fetch(&self.auth, &self.verifier).await {
            tracing::warn!(reason, "the key set cannot be fetched for an unknown key");
        }
        *last = Some(Instant::now());
    }

    /// Fetches the keys now; how many there are.
    pub(super) async fn refresh(&self) -> Result<usize, String> {
        keys::fetch(&self.auth, &self.verifier).await
    }

    /// Asks auth what is revoked.
    pub(super) async fn ask_revoked(&self) -> Result<RevocationsAnswer, PeerError> {
        self.auth.get_json(REVOCATIONS_PATH, &CallContext::default()).await
    }

    pub(super) fn has_keys(&self) -> bool {
        self.verifier.has_keys()
    }
}
