//! The issuer's key set: fetched in the background, kept when it cannot be fetched, refetched for an unknown key.

use super::{Issuer, Keys};
use crate::{
    keeper::Begun,
    metrics::Metrics,
    upstream::{Ask, Caller, PeerTimeouts},
};
use bytes::Bytes;
use http::HeaderValue;
use pingora_http::RequestHeader;
use shared_contracts::header;
use shared_identity::{KeySet, Origin};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_KEY_SET: usize = 256 * 1024;
/// While no key is known at all: from one try to the next.
const RETRY_WITHOUT_KEYS: Duration = Duration::from_millis(250);
/// While older keys are known: from one try to the next.
const RETRY_WITH_KEYS: Duration = Duration::from_secs(10);
/// Tokens with made-up key ids cost the issuer at most one request in this time.
const ASK_COOLDOWN: Duration = Duration::from_secs(1);
/// A request waits this long for the keys that its token asks for: a cooldown, and a fetch.
const ASK_PATIENCE: Duration = Duration::from_secs(2);

/// What came of asking for fresh keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// The set was fetched after the question.
    Anew,
    /// It could not be, or not in time: what is not known may be good.
    Failed,
    /// There is nothing to fetch: the keys are in a file.
    Never,
}

/// Fetches of an issuer's key set: one at a time, however many wait for it.
pub(super) struct Fetches {
    wanted: Notify,
    rounds: watch::Sender<Rounds>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Rounds {
    begun: u64,
    ended: u64,
    last_succeeded: bool,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            wanted: Notify::new(),
            rounds: watch::Sender::default(),
        }
    }
}

impl Issuer {
    /// Asks for fresh keys because a token names one that is not known, and waits for a fetch that begins after now. So the
    /// first token of a new key is not refused, even while others make up names of keys; many requests share one fetch, and
    /// fetches keep a distance.
    pub(crate) async fn fetched_anew(&self) -> Fetched {
        if let Keys::Text(_) = self.settings.keys {
            return Fetched::Never;
        }
        let mut rounds = self.fetches.rounds.subscribe();
        let wanted = rounds.borrow().begun + 1;
        self.fetches.wanted.notify_one();
        match timeout(ASK_PATIENCE, rounds.wait_for(|rounds| rounds.ended >= wanted)).await {
            Ok(Ok(rounds)) if rounds.last_succeeded => Fetched::Anew,
            Ok(_) | Err(_) => Fetched::Failed,
        }
    }

    /// Keeps the keys fresh, for ever. `begun` goes after the first fetch.
    pub(crate) async fn keep(self: Arc<Self>, metrics: Arc<Metrics>, caller: Caller, begun: Begun) {
        let Keys::Upstream { path, refresh, .. } = &self.settings.keys else {
            return;
        };
        let (mut begun, mut told) = (Some(begun), Told::default());
        loop {
            let last = Instant::now();
            self.fetches.rounds.send_modify(|rounds| rounds.begun += 1);
            let fetched = self.fetch(&caller, path).await;
            self.fetches.rounds.send_modify(|rounds| {
                rounds.ended = rounds.begun;
                rounds.last_succeeded = fetched.is_ok();
            });
            drop(begun.take());
            let has_keys = self.verifier.has_keys();
            if fetched.is_err() {
                metrics.jwks_failures.add();
            }
            let pause = match &fetched {
                Ok(_) => *refresh,
                Err(_) if has_keys => RETRY_WITH_KEYS.min(*refresh),
                Err(_) => RETRY_WITHOUT_KEYS,
            };
            told.tell(&self.settings.verifier.issuer, fetched, has_keys);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.fetches.wanted.notified() => sleep(ASK_COOLDOWN.saturating_sub(last.elapsed())).await,
            }
        }
    }

    /// Fetches the set once; the keys of it that are not used.
    async fn fetch(&self, caller: &Caller, path: &str) -> Result<Vec<String>, String> {
        let body = self.get(caller, path, None, MAX_KEY_SET).await?;
        let algorithms = &self.settings.verifier.algorithms;
        let set = KeySet::read(&body, Origin::Network, algorithms).map_err(|error| error.to_string())?;
        let passed_over = set.passed_over().iter().map(ToString::to_string).collect();
        self.verifier.use_keys(set);
        Ok(passed_over)
    }

    /// Asks the issuer's upstream for `path`, showing the edge's service token if one is given; a whole answer of at
    /// most `max_answer` bytes, or the reason for the log.
    pub(in crate::store) async fn get(
        &self,
        caller: &Caller,
        path: &str,
        token: Option<&HeaderValue>,
        max_answer: usize,
    ) -> Result<Bytes, String> {
        let pool = self.pool.load_full().ok_or("it has no upstream")?;
        let mut head = RequestHeader::build("GET", path.as_bytes(), Some(4)).map_err(|error| error.to_string())?;
        let host = head.insert_header("host", &*pool.name);
        host.and_then(|()| head.insert_header("accept", "application/json"))
            .map_err(|error| error.to_string())?;
        if let Some(token) = token {
            head.insert_header(header::SERVICE_TOKEN, token.clone())
                .map_err(|error| error.to_string())?;
        }
        let deadline = Instant::now() + FETCH_TIMEOUT;
        let reply = caller
            .ask(Ask {
                pool: &pool,
                head: &head,
                body: Bytes::new(),
                timeouts: PeerTimeouts::until(deadline, FETCH_TIMEOUT, Duration::from_secs(5)),
                deadline,
                repeatable: true,
                max_answer,
            })
            .await
            .map_err(|error| error.to_string())?;
        if reply.status != 200 {
            return Err(format!("status {}", reply.status));
        }
        Ok(reply.body)
    }
}

/// What the log was told last: the same is told once, not at every fetch.
#[derive(Default)]
struct Told {
    failure: Option<String>,
    passed_over: Vec<String>,
}

impl Told {
    fn tell(&mut self, issuer: &str, fetched: Result<Vec<String>, String>, has_keys: bool) {
        match fetched {
            Ok(passed_over) => {
                if self.failure.take().is_some() {
                    tracing::info!(issuer, "the key set is here");
                }
                for key in passed_over.iter().filter(|key| !self.passed_over.contains(key)) {
                    tracing::warn!(issuer, %key, "a key of the set is not used");
                }
                self.passed_over = passed_over;
            }
            Err(reason) if self.failure.as_ref() != Some(&reason) => {
                let stays = match has_keys {
                    true => "the known keys stay",
                    false => "no token can be verified yet",
                };
                tracing::warn!(issuer, reason, "the key set cannot be fetched; {stays}");
                self.failure = Some(reason);
            }
            Err(_) => {}
        }
    }
}
