//! What can go wrong with Redis, in the classes a caller can act on.

use redis::{ErrorKind, ServerErrorKind as Server};

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// Redis cannot be reached, was too slow, or failed a moment ago: go on without it.
    #[error("Redis is unavailable: {0}")]
    Unavailable(String),
    /// Redis refused the command: a fault of ours, or of a key's type.
    #[error("Redis refused: {0}")]
    Refused(#[source] redis::RedisError),
    /// A value was not the JSON it should be.
    #[error("the value is not the expected JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl RedisError {
    /// True where Redis is away and the same call may work later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::Server(
                Server::BusyLoading | Server::ClusterDown | Server::MasterDown | Server::ReadOnly | Server::TryAgain,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error),
        }
    }
}
