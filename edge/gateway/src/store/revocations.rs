//! Revocations: pushed over Redis, with a snapshot at the start and after each interruption. While nothing comes that way,
//! the issuer itself is asked for them.

use super::{Issuer, Links};
use crate::{keeper::Begun, upstream::Caller};
use http::HeaderValue;
use shared_contracts::revocation::{REVOCATIONS_PATH, REVOKED_KEYS, Revocation, RevocationsAnswer};
use shared_redis::{Event, Redis, RedisError};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

/// Keys read in one go while a snapshot is loaded.
const CHUNK: usize = 500;
/// From one failed snapshot to the next try.
const RETRY: Duration = Duration::from_millis(500);
/// How often entries that no token can name any more are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// A subscription that comes up, or comes back, within this time is not worth a question.
const GRACE: Duration = Duration::from_millis(200);
/// From one question to the issuer to the next, while the subscription is away.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Largest list of revocations, bytes; the issuer bounds it at some 20,000 of about 70 bytes.
const MAX_LIST: usize = 4 << 20;

/// Keeps `issuer`'s view of what is revoked complete, for ever. `token` is what the edge shows to the issuer. `begun` goes
/// once the view is complete.
pub(crate) async fn keep(
    redis: Redis,
    channel: String,
    issuer: Arc<Issuer>,
    links: Arc<Links>,
    (caller, token): (Caller, Option<HeaderValue>),
    begun: Begun,
) {
    let complete = watch::Sender::new(false);
    let mut first = complete.subscribe();
    let told = async {
        let _ = first.wait_for(|complete| *complete).await;
        drop(begun);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = listen(redis, &channel, &issuer, &links, &complete) => {}
        () = ask_while_deaf(&issuer, &caller, token.as_ref(), complete.subscribe()) => {}
        () = told => {}
    }
}

/// Asks the issuer about once a second while its pushes are not heard. What it says is added to what is known already.
async fn ask_while_deaf(
    issuer: &Issuer,
    caller: &Caller,
    token: Option<&HeaderValue>,
    mut complete: watch::Receiver<bool>,
) {
    while complete.wait_for(|complete| !complete).await.is_ok() {
        sleep(GRACE).await;
        while !*complete.borrow() {
            match ask(issuer, caller, token).await {
                Ok(count) => tracing::debug!(count, "asked the issuer for revocations"),
                Err(reason) => tracing::debug!(reason, "the issuer does not tell revocations either"),
            }
            sleep(ASK_EVERY).await;
        }
    }
}

async fn ask(issuer: &Issuer, caller: &Caller, token: Option<&HeaderValue>) -> Result<usize, String> {
    let body = issuer.get(caller, REVOCATIONS_PATH, token, MAX_LIST).await?;
    let answer: RevocationsAnswer = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let mut heard = 0;
    for revocation in answer.all() {
        issuer.verifier.revoke(revocation);
        heard += 1;
    }
    Ok(heard)
}

async fn listen(redis: Redis, channel: &str, issuer: &Issuer, links: &Links, complete: &watch::Sender<bool>) {
    let mut events = redis.subscribe(&[channel], &[]);
    let mut snapshot_due = false;
    let mut next_prune = Instant::now() + PRUNE_EVERY;
    loop {
        if snapshot_due {
            match load_snapshot(&redis, issuer).await {
                Ok(count) => {
                    snapshot_due = false;
                    complete.send_replace(true);
                    if links.revocations.set(true) {
                        tracing::info!(count, "revocations are complete");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the snapshot of revocations cannot be loaded yet");
                    sleep(RETRY).await;
                }
            }
        }
        let patience = if snapshot_due {
            Instant::now() + RETRY
        } else {
            next_prune
        };
        match timeout_at(patience, events.recv()).await {
            // What is published from now on arrives, so a snapshot taken now leaves no gap.
            Ok(Some(Event::Subscribed)) => snapshot_due = true,
            Ok(Some(Event::Message { payload, .. })) => match serde_json::from_str::<Revocation>(&payload) {
                Ok(revocation) => drop(issuer.verifier.revoke(&revocation)),
                Err(error) => tracing::warn!(%error, "a revocation could not be read"),
            },
            Ok(Some(Event::Lost)) => {
                snapshot_due = false;
                complete.send_replace(false);
                links.revocations.set(false);
                tracing::warn!("revocations are not being pushed; the issuer is asked for them");
            }
            Ok(None) => return,
            Err(_) => {}
        }
        if Instant::now() >= next_prune {
            issuer.verifier.prune();
            next_prune = Instant::now() + PRUNE_EVERY;
        }
    }
}

async fn load_snapshot(redis: &Redis, issuer: &Issuer) -> Result<usize, RedisError> {
    let keys = redis.scan_prefix(REVOKED_KEYS).await?;
    let mut count = 0;
    for chunk in keys.chunks(CHUNK) {
        let values = redis.get_many_text(chunk).await?;
        // A key that vanished meanwhile had reached its end.
        let entries = chunk.iter().zip(values).filter_map(|(key, value)| Some((key, value?)));
        for (key, value) in entries {
            match Revocation::from_entry(key, &value) {
                Some(revocation) => {
                    issuer.verifier.revoke(&revocation);
                    count += 1;
                }
                None => tracing::warn!(key, "a revocation could not be read"),
            }
        }
    }
    Ok(count)
}
