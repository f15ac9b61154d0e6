//! The issuer's key set: fetched in the background, kept when it cannot be fetched.

use super::Gate;
use serde_json::value::RawValue;
use shared_contracts::claims::JWKS_PATH;
use shared_identity::Verifier;
use shared_service::{CallContext, PeerClient};
use std::{sync::Arc, time::Duration};

/// From one successful fetch to the next.
const REFRESH: Duration = Duration::from_secs(300);
/// While no key is known at all: from one try to the next.
const RETRY_WITHOUT_KEYS: Duration = Duration::from_millis(250);
/// While older keys are known: from one try to the next.
const RETRY_WITH_KEYS: Duration = Duration::from_secs(10);

/// Keeps the gate's keys fresh, for ever.
pub async fn keep(gate: Arc<Gate>) {
    let mut told = false;
    loop {
        let pause = match gate.refresh().await {
            Ok(keys) => {
                tracing::debug!(keys, "key set fetched");
                told = false;
                REFRESH
            }
            Err(reason) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(reason, "the key set cannot be fetched");
                }
                if gate.has_keys() {
                    RETRY_WITH_KEYS
                } else {
                    RETRY_WITHOUT_KEYS
                }
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Fetches the key set once; how many keys it has.
pub(super) async fn fetch(auth: &PeerClient, verifier: &Verifier) -> Result<usize, String> {
    let set: Box<RawValue> = auth
        .get_json(JWKS_PATH, &CallContext::default())
        .await
        .map_err(|error| error.to_string())?;
    verifier
        .set_keys(set.get().as_bytes())
        .map_err(|error| error.to_string())
}
