//! Puts the service together: what it stands on, what runs in the background, what it answers.

use crate::{
    Config, CookieSecure, StartError,
    domain::{
        keys::{KeyRing, Subject},
        password::Hasher,
        seal::Sealer,
    },
    http,
    store::{
        MIGRATIONS,
        directory::Directory,
        keys::{self, When},
        lockout::Lockout,
        revocations::{self, Revoker},
        sessions,
        users::User,
    },
};
use arc_swap::ArcSwap;
use axum::Router;
use chrono::{TimeDelta, Utc};
use shared_postgres::{Conn, DbError, EmbeddedMigrations, Pool};
use shared_redis::Redis;
use shared_service::{ApiError, ApiResult, Readiness, ServiceTokens, Shutdown};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Where the service listens on loopback if it is not told otherwise.
pub const DEFAULT_PORT: u16 = 3001;

/// Redis database of revocations; the edge and notifications read it too.
const REVOCATIONS_DATABASE: u8 = 0;
/// Redis database of everything that is auth's own.
const CACHE_DATABASE: u8 = 3;
/// How often the keys are read anew, and a new one made if it is time; far shorter than a key's lead.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// How often what has expired is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

const ALL_MIGRATIONS: &[EmbeddedMigrations] = &[MIGRATIONS];

/// What the operations work with.
pub(crate) struct Auth {
    pub(crate) pool: Pool,
    pub(crate) hasher: Hasher,
    pub(crate) keys: ArcSwap<KeyRing>,
    pub(crate) revoker: Revoker,
    pub(crate) lockout: Lockout,
    pub(crate) directory: Directory,
    pub(crate) cookie_secure: CookieSecure,
    sealer: Sealer,
    key_period: TimeDelta,
}

impl Auth {
    /// A database connection, or the client's answer while there is none.
    pub(crate) async fn conn(&self) -> ApiResult<Conn> {
        Ok(self.pool.get().await?)
    }

    /// An access token for a user's session.
    pub(crate) fn sign(&self, user: &User, session: Uuid) -> ApiResult<String> {
        let subject = Subject {
            user_id: user.id,
            username: &user.username,
            role: &user.role,
            session,
        };
        self.keys.load().sign(&subject, Utc::now()).map_err(ApiError::internal)
    }

    /// Makes a new key if it is time, and reads all.
    async fn tend_keys(&self) -> Result<(), StartError> {
        let mut conn = self.pool.get().await?;
        if let Some(kid) = keys::rotate(&mut conn, &self.sealer, When::Due(self.key_period)).await? {
            tracing::info!(kid, "made a signing key");
        }
        self.keys.store(Arc::new(keys::load(&mut conn, &self.sealer).await?));
        Ok(())
    }

    async fn sweep(&self) -> Result<(), DbError> {
        let mut conn = self.pool.get().await?;
        let sessions = sessions::sweep(&mut conn, Utc::now()).await?;
        let revocations = revocations::sweep(&mut conn).await?;
        let keys = keys::sweep(&mut conn, Utc::now()).await?;
        tracing::debug!(sessions, revocations, keys, "swept");
        Ok(())
    }
}

/// The running service.
pub struct App {
    auth: Arc<Auth>,
    tokens: ServiceTokens,
}

impl App {
    /// Migrates, makes the first key if there is none, and starts what runs in the background until `shutdown`.
    ///
    /// # Errors
    /// [`StartError`]: a setting is wrong, or the database stayed away. Redis may be away.
    pub async fn start(config: &Config, shutdown: &Shutdown) -> Result<Self, StartError> {
        let tokens = ServiceTokens::parse(&config.service.service_token_digests)
            .map_err(|error| StartError::Tokens(error.to_string()))?;
        let sealer = sealer(config)?;
        let pool = database(config).await?;
        let cache = Redis::connect(&config.redis.url, CACHE_DATABASE, &config.redis.prefix)?;
        let pushes = Redis::connect(&config.redis.url, REVOCATIONS_DATABASE, &config.redis.prefix)?;
        let parallel = std::thread::available_parallelism().map_or(2, usize::from);
        let auth = Arc::new(Auth {
            hasher: Hasher::new(config.bcrypt_cost, parallel)?,
            keys: ArcSwap::from_pointee(KeyRing::open(Vec::new(), &sealer)?),
            revoker: Revoker::new(pool.clone(), pushes),
            lockout: Lockout::new(cache.clone()),
            directory: Directory::new(pool.clone(), cache),
            cookie_secure: config.cookie_secure,
            sealer,
            key_period: TimeDelta::days(i64::from(config.key_rotation_days)),
            pool,
        });
        auth.tend_keys().await?;
        tokio::spawn(auth.revoker.clone().keep_pushing(shutdown.clone()));
        tokio::spawn(keep_tidy(Arc::clone(&auth), shutdown.clone()));
        Ok(Self { auth, tokens })
    }

    /// Everything the service answers.
    pub fn router(&self) -> Router {
        // Redis is not needed: without it things are slower, never wrong.
        let readiness = Readiness::new().needs_database(&self.auth.pool);
        shared_service::app(
            "auth",
            http::routes(Arc::clone(&self.auth)),
            self.tokens.clone(),
            readiness,
        )
    }

    /// How many passwords were compared since the start, those of unknown accounts included.
    pub fn passwords_verified(&self) -> u64 {
        self.auth.hasher.verified()
    }

    /// Reads the signing keys now, as happens every minute anyway.
    ///
    /// # Errors
    /// [`StartError`]: the database is away, or a key cannot be opened.
    pub async fn reload_keys(&self) -> Result<(), StartError> {
        self.auth.tend_keys().await
    }
}

async fn keep_tidy(auth: Arc<Auth>, shutdown: Shutdown) {
    let mut keys = tokio::time::interval(KEYS_EVERY);
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = keys.tick() => if let Err(error) = auth.tend_keys().await {
                tracing::warn!(%error, "cannot tend the signing keys; going on with the present ones");
            },
            _ = sweep.tick() => if let Err(error) = auth.sweep().await {
                tracing::warn!(%error, "cannot sweep");
            },
        }
    }
}

/// Makes a signing key now, unless one waits for its time already: `auth rotate-keys`.
///
/// # Errors
/// [`StartError`]: a setting is wrong, or the database is away.
pub async fn rotate_keys(config: &Config) -> Result<(), StartError> {
    let sealer = sealer(config)?;
    let pool = database(config).await?;
    let mut conn = pool.get().await?;
    match keys::rotate(&mut conn, &sealer, When::Now).await? {
        Some(kid) => tracing::info!(kid, "made a signing key; it signs in an hour"),
        None => tracing::info!("a new signing key waits for its time already"),
    }
    Ok(())
}

fn sealer(config: &Config) -> Result<Sealer, StartError> {
    Sealer::from_hex(&config.auth_key_secret).ok_or(StartError::Secret)
}

async fn database(config: &Config) -> Result<Pool, StartError> {
    shared_postgres::migrate(&config.database.url, ALL_MIGRATIONS).await?;
    Ok(shared_postgres::connect(&config.database.url, config.database.pool)?)
}
