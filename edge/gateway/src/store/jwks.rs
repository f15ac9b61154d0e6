//! The issuer's key set: fetched in the background, kept when it cannot be fetched, refetched for an unknown key.

use crate::{
    metrics::Metrics,
    upstream::{Ask, Caller, Fields, Head, PeerTimeouts, Pool},
};
use bytes::Bytes;
use http::{HeaderValue, Method, uri::PathAndQuery};
use shared_contracts::header;
use shared_identity::{Verifier, VerifierSettings};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
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
const ASK_COOLDOWN: Duration = Duration::from_secs(5);
/// A request waits this long for the keys that its token asks for.
const ASK_PATIENCE: Duration = Duration::from_secs(1);

/// Where an issuer's keys come from.
pub(crate) struct IssuerSettings {
    /// What a token must say.
    pub(crate) verifier: VerifierSettings,
    /// The upstream that serves the key set.
    pub(crate) pool: Arc<Pool>,
    /// Path of the key set.
    pub(crate) path: String,
    /// From one fetch to the next.
    pub(crate) refresh: Duration,
}

/// One issuer of tokens: its verifier, and the keeping of its keys.
pub(crate) struct Issuer {
    /// Judges its tokens.
    pub(crate) verifier: Verifier,
    pool: Arc<Pool>,
    path: String,
    refresh: Duration,
    wanted: Notify,
    pending: AtomicBool,
    last_asked: Mutex<Option<Instant>>,
    fetches: watch::Sender<u64>,
}

impl Issuer {
    /// An issuer whose keys are not known yet.
    pub(crate) fn new(settings: IssuerSettings) -> Self {
        Self {
            verifier: Verifier::new(settings.verifier),
            pool: settings.pool,
            path: settings.path,
            refresh: settings.refresh,
            wanted: Notify::new(),
            pending: AtomicBool::new(false),
            last_asked: Mutex::new(None),
            fetches: watch::Sender::new(0),
        }
    }

    /// Asks for fresh keys because a token names one that is not known, and waits for them a little. Many requests
    /// share one fetch. `false`: the keys were fetched a moment ago, so there is nothing to wait for.
    pub(crate) async fn fetched_anew(&self) -> bool {
        let mut fetches = self.fetches.subscribe();
        if !self.ask() && !self.pending.load(Acquire) {
            return false;
        }
        matches!(timeout(ASK_PATIENCE, fetches.changed()).await, Ok(Ok(())))
    }

    fn ask(&self) -> bool {
        let mut last = self.last_asked.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|at| at.elapsed() < ASK_COOLDOWN) {
            return false;
        }
        *last = Some(Instant::now());
        self.pending.store(true, Release);
        self.wanted.notify_one();
        true
    }

    /// Keeps the keys fresh, for ever.
    pub(crate) async fn keep(self: Arc<Self>, metrics: Arc<Metrics>) {
        let caller = Caller::new();
        let mut told = String::new();
        loop {
            let fetched = self.fetch(&caller).await;
            self.pending.store(false, Release);
            self.fetches.send_modify(|count| *count += 1);
            let pause = match fetched {
                Ok(keys) => {
                    if !told.is_empty() {
                        tracing::info!(keys, "the key set is here");
                        told.clear();
                    }
                    self.refresh
                }
                Err(reason) => {
                    metrics.jwks_failures.add();
                    let has_keys = self.verifier.has_keys();
                    // The same reason is told once, not at every try.
                    if reason != told {
                        let stays = if has_keys {
                            "the known keys stay"
                        } else {
                            "no token can be verified yet"
                        };
                        tracing::warn!(reason, "the key set cannot be fetched; {stays}");
                        told = reason;
                    }
                    if has_keys {
                        RETRY_WITH_KEYS.min(self.refresh)
                    } else {
                        RETRY_WITHOUT_KEYS
                    }
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.wanted.notified() => {}
            }
        }
    }

    async fn fetch(&self, caller: &Caller) -> Result<usize, String> {
        let body = self.get(caller, &self.path, None, MAX_KEY_SET).await?;
        self.verifier.set_keys(&body).map_err(|error| error.to_string())
    }

    /// Asks the issuer's upstream for `path`, showing the edge's service token if one is given; a whole answer of at
    /// most `max_answer` bytes, or the reason for the log.
    pub(super) async fn get(
        &self,
        caller: &Caller,
        path: &str,
        token: Option<&HeaderValue>,
        max_answer: usize,
    ) -> Result<Bytes, String> {
        let target = path.parse::<PathAndQuery>().map_err(|error| error.to_string())?;
        let mut head = Head::new(&Method::GET, &target);
        let host = head.set("host", self.pool.name.as_bytes());
        host.and_then(|()| head.set("accept", b"application/json"))
            .and_then(|()| token.map_or(Ok(()), |token| head.set(header::SERVICE_TOKEN, token.as_bytes())))
            .map_err(|error| error.to_string())?;
        let deadline = Instant::now() + FETCH_TIMEOUT;
        let reply = caller
            .ask(Ask {
                pool: &self.pool,
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
