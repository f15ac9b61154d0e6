//! The issuer's key set: fetched in the background, kept when it cannot be fetched, refetched for an unknown key.

use crate::{
    keeper::Begun,
    metrics::Metrics,
    upstream::{Ask, Caller, PeerTimeouts, Pool},
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::HeaderValue;
use pingora_http::RequestHeader;
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

/// An issuer as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuerSettings {
    /// What a token must say.
    pub(crate) verifier: VerifierSettings,
    /// The upstream that serves the key set.
    pub(crate) upstream: String,
    /// Path of the key set.
    pub(crate) path: String,
    /// From one fetch to the next.
    pub(crate) refresh: Duration,
    /// Channel on which ended sessions are told.
    pub(crate) revocation_channel: Option<String>,
}

/// One issuer of tokens: its verifier, and the keeping of its keys.
pub(crate) struct Issuer {
    /// Judges its tokens.
    pub(crate) verifier: Verifier,
    /// What the configuration says of it.
    pub(crate) settings: IssuerSettings,
    /// Where its keys come from. A reload may give the upstream other targets while the issuer stays.
    pool: ArcSwap<Pool>,
    wanted: Notify,
    pending: AtomicBool,
    last_asked: Mutex<Option<Instant>>,
    fetches: watch::Sender<u64>,
}

impl Issuer {
    /// An issuer with the sessions that its predecessor knows to have ended, and with its keys if they come from the same
    /// place.
    pub(crate) fn new(settings: IssuerSettings, pool: Arc<Pool>, previous: Option<&Self>) -> Self {
        let wanted = settings.verifier.clone();
        let verifier = match previous {
            None => Verifier::new(wanted),
            Some(previous) => {
                let verifier = previous.verifier.successor(wanted);
                let theirs = &previous.settings;
                if (&theirs.upstream, &theirs.path) == (&settings.upstream, &settings.path) {
                    verifier.take_keys(&previous.verifier);
                }
                verifier
            }
        };
        Self {
            verifier,
            settings,
            pool: ArcSwap::new(pool),
            wanted: Notify::new(),
            pending: AtomicBool::new(false),
            last_asked: Mutex::new(None),
            fetches: watch::Sender::new(0),
        }
    }

    /// Takes the targets that its upstream has now.
    pub(crate) fn follow(&self, pool: &Arc<Pool>) {
        self.pool.store(Arc::clone(pool));
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

    /// Keeps the keys fresh, for ever. `begun` goes after the first fetch.
    pub(crate) async fn keep(self: Arc<Self>, metrics: Arc<Metrics>, begun: Begun) {
        let caller = Caller::new();
        let mut begun = Some(begun);
        let mut told = String::new();
        loop {
            let fetched = self.fetch(&caller).await;
            self.pending.store(false, Release);
            self.fetches.send_modify(|count| *count += 1);
            drop(begun.take());
            let pause = match fetched {
                Ok(keys) => {
                    if !told.is_empty() {
                        tracing::info!(keys, "the key set is here");
                        told.clear();
                    }
                    self.settings.refresh
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
                        RETRY_WITH_KEYS.min(self.settings.refresh)
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
        let body = self.get(caller, &self.settings.path, None, MAX_KEY_SET).await?;
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
        let mut head = RequestHeader::build("GET", path.as_bytes(), Some(4)).map_err(|error| error.to_string())?;
        let pool = self.pool.load_full();
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
