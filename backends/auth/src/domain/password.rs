//! Passwords: their rules, and bcrypt off the async threads with bounded concurrency.

use shared_service::{ApiError, ApiResult};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task, time,
};

/// bcrypt reads no more than these bytes; a longer password would be cut without a word.
const MAX_BYTES: usize = 72;
const MIN_CHARACTERS: usize = 6;
/// How many may wait for each that runs: at the usual cost a wait of some seconds.
const WAITING_PER_RUNNING: usize = 16;
/// How long a turn is waited for. On a slow machine or at a higher cost a whole queue would take longer than the 15 s that
/// the edge gives a request; half of them are left to bcrypt and the database.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// When a client that was refused a turn may come again.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// A password as typed. It has no `Debug`, so that it cannot reach a log.
pub(crate) struct Password(String);

impl Password {
    /// A new password: at least 6 characters, at most 72 bytes (bcrypt's limit), no NUL (bcrypt's end mark).
    pub(crate) fn chosen(text: String) -> ApiResult<Self> {
        if text.chars().count() < MIN_CHARACTERS {
            return Err(ApiError::invalid(
                "password",
                "password must have at least 6 characters",
            ));
        }
        Self::shown(text)
    }

    /// A password shown to sign in: whatever [`Password::chosen`] could have let pass, or is merely too short.
    pub(crate) fn shown(text: String) -> ApiResult<Self> {
        if text.is_empty() {
            return Err(ApiError::invalid("password", "password must not be empty"));
        }
        if text.len() > MAX_BYTES || text.contains('\0') {
            let detail = "password must have at most 72 bytes (UTF-8) and no NUL character";
            return Err(ApiError::invalid("password", detail));
        }
        Ok(Self(text))
    }
}

/// The right to run bcrypt now. Kept until the outcome is written down, it bounds what runs beside it.
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

/// Runs bcrypt on blocking threads, a few at a time; those that wait are bounded too.
pub(crate) struct Hasher {
    cost: u32,
    nobodys: Arc<str>,
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    verified: AtomicU64,
}

impl Hasher {
    /// A hasher that runs `parallel` at a time. Hashes once, so it takes a moment.
    pub(crate) fn new(cost: u32, parallel: usize) -> Result<Self, bcrypt::BcryptError> {
        let parallel = parallel.max(1);
        Ok(Self {
            cost,
            nobodys: bcrypt::hash(rand::random::<[u8; 32]>(), cost)?.into(),
            running: Arc::new(Semaphore::new(parallel)),
            places: Arc::new(Semaphore::new(parallel * (1 + WAITING_PER_RUNNING))),
            verified: AtomicU64::new(0),
        })
    }

    /// Waits for a turn; `SERVICE_UNAVAILABLE` at once when too many wait already, and after [`LONGEST_WAIT`].
    pub(crate) async fn turn(&self) -> ApiResult<Turn> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(busy("too many passwords wait to be hashed"));
        };
        let turn = Arc::clone(&self.running).acquire_owned();
        let running = time::timeout(LONGEST_WAIT, turn)
            .await
            .map_err(|_| busy("a password waited too long to be hashed"))?
            .map_err(ApiError::internal)?;
        Ok(Turn {
            _running: running,
            _place: place,
        })
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, turn: Turn, password: Password) -> ApiResult<String> {
        let cost = self.cost;
        // The turn goes along: a client that hangs up does not stop bcrypt, so it must not free the turn either.
        let hashed = task::spawn_blocking(move || (bcrypt::hash(password.0, cost), turn)).await;
        hashed.map_err(ApiError::internal)?.0.map_err(ApiError::internal)
    }

    /// Whether `password` is the one of `hash`. Where there is no hash the same work is done, and the answer is no.
    pub(crate) async fn verify(&self, turn: Turn, password: Password, hash: Option<String>) -> ApiResult<(bool, Turn)> {
        self.verified.fetch_add(1, Ordering::Relaxed);
        let nobodys = Arc::clone(&self.nobodys);
        let verify = move || {
            let matches = bcrypt::verify(password.0, hash.as_deref().unwrap_or(&nobodys));
            (matches.map(|matches| matches && hash.is_some()), turn)
        };
        let (matches, turn) = task::spawn_blocking(verify).await.map_err(ApiError::internal)?;
        Ok((matches.map_err(ApiError::internal)?, turn))
    }

    /// How many verifications have run.
    pub(crate) fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }
}

fn busy(why: &'static str) -> ApiError {
    ApiError::unavailable(why).with_retry_after(COME_AGAIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use shared_contracts::Code;

    #[test]
    fn length_is_bounded_on_both_ends() {
        assert!(Password::chosen("Test123".into()).is_ok());
        assert!(Password::chosen("x".repeat(72)).is_ok());
        let many_bytes = "ü".repeat(37);
        for wrong in ["", "12345", &"x".repeat(73), &many_bytes, "abc\0def"] {
            assert_eq!(
                Password::chosen(wrong.into()).err().unwrap().field.as_deref(),
                Some("password"),
                "{wrong:?}"
            );
        }
    }

    #[tokio::test]
    async fn verifies_its_own_and_works_as_hard_for_nobody() {
        let hasher = Hasher::new(4, 2).unwrap();
        let password = |text: &str| Password::shown(text.into()).unwrap();
        let hash = hasher
            .hash(hasher.turn().await.unwrap(), password("Test123"))
            .await
            .unwrap();
        let cost = |hash: &str| hash.split('$').nth(2).unwrap().to_owned();
        assert_eq!(cost(&hash), cost(&hasher.nobodys));
        for (text, hash, right) in [
            ("Test123", Some(&hash), true),
            ("test123", Some(&hash), false),
            ("Test123", None, false),
        ] {
            let turn = hasher.turn().await.unwrap();
            assert_eq!(
                hasher.verify(turn, password(text), hash.cloned()).await.unwrap().0,
                right
            );
        }
        assert_eq!(hasher.verified(), 3);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = Arc::new(Hasher::new(4, 1).unwrap());
        let first = hasher.turn().await.unwrap();
        let waiting: Vec<_> = (0..WAITING_PER_RUNNING)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.turn().await.map(drop) })
            })
            .collect();
        while hasher.places.available_permits() > 0 {
            task::yield_now().await;
        }
        let refused = hasher.turn().await.err().unwrap();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::ServiceUnavailable, Some(COME_AGAIN))
        );
        drop(first);
        for waiter in waiting {
            waiter.await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_before_the_edge_gives_up() {
        let hasher = Hasher::new(4, 1).unwrap();
        let first = hasher.turn().await.unwrap();
        let asked = time::Instant::now();
        let refused = hasher.turn().await.err().unwrap();
        assert_eq!(
            (refused.code, refused.retry_after),
            (Code::ServiceUnavailable, Some(COME_AGAIN))
        );
        assert_eq!(asked.elapsed().as_secs(), LONGEST_WAIT.as_secs());
        drop(first);
        let free = |semaphore: &Semaphore| semaphore.available_permits();
        assert_eq!(
            (free(&hasher.running), free(&hasher.places)),
            (1, 1 + WAITING_PER_RUNNING),
            "the place is free again"
        );
    }
}
