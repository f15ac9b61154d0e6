//! Why the program may not start.

use shared_postgres::DbError;

/// Why the service could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database is away or its migrations failed.
    #[error("database: {0}")]
    Database(#[from] DbError),
    /// The Redis URL cannot be read.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] shared_redis::RedisError),
    /// The service tokens' digests cannot be read.
    #[error("{0}")]
    Tokens(String),
    /// AUTH_KEY_SECRET has a wrong form.
    #[error("AUTH_KEY_SECRET must be 64 hex digits")]
    Secret,
    /// The signing keys cannot be used.
    #[error("signing keys: {0}")]
    Keys(#[from] crate::domain::keys::KeyError),
    /// Passwords cannot be hashed.
    #[error("bcrypt: {0}")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The server could not serve.
    #[error(transparent)]
    Serve(#[from] shared_service::ServeError),
}

impl From<diesel::result::Error> for StartError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}
