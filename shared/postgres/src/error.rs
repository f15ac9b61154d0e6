//! What can go wrong with the database, in the classes a caller can act on.

use diesel::result::{DatabaseErrorKind as Kind, Error};
use shared_contracts::Code;

/// Messages of server errors that pass by themselves.
///
/// diesel does not hand out the SQLSTATE, so the (English) text decides. A server with another language is still
/// recognised in most cases, since it closes the connection as well.
const PASSING: &[&str] = &[
    "terminating connection",
    "the database system is",
    "too many clients",
    "remaining connection slots",
    "too many connections",
    "statement timeout",
    "lock timeout",
    "idle-in-transaction timeout",
    "deadlock detected",
];

/// A failed database operation.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database cannot be reached or cannot serve now; the same call may work later. Answer 503.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A named constraint refused the change; what that means is the caller's to say.
    #[error("the constraint {name} is violated")]
    Constraint {
        /// The constraint's name, as the migration gave it, e.g. `users_email_key`.
        name: String,
    },
    /// A fault of ours: wrong SQL, wrong types, a missing row that had to be there.
    #[error("the database operation failed: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DbError {
    /// An internal fault with a text of its own.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into().into())
    }

    /// True where the store is away and a retry may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// The violated constraint's name, if that is what went wrong.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Constraint { name } => Some(name),
            _ => None,
        }
    }

    /// The code for a client whose request this error ends.
    pub fn code(&self) -> Code {
        match self {
            Self::Unavailable(_) => Code::ServiceUnavailable,
            Self::Constraint { .. } | Self::Internal(_) => Code::Internal,
        }
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        let (kind, info) = match error {
            Error::DatabaseError(kind, info) => (kind, info),
            Error::BrokenTransactionManager => return Self::Unavailable(error.to_string()),
            // The commit's error is the cause; the rollback's is what followed from it.
            Error::RollbackErrorOnCommit { commit_error, .. } => return Self::from(*commit_error),
            other => return Self::Internal(Box::new(other)),
        };
        let message = info.message();
        match kind {
            Kind::UnableToSendCommand | Kind::ClosedConnection | Kind::ReadOnlyTransaction => {
                Self::Unavailable(message.to_owned())
            }
            Kind::SerializationFailure => Self::Unavailable(message.to_owned()),
            Kind::UniqueViolation
            | Kind::ForeignKeyViolation
            | Kind::CheckViolation
            | Kind::ExclusionViolation
            | Kind::RestrictViolation => match info.constraint_name() {
                Some(name) => Self::Constraint { name: name.to_owned() },
                None => Self::Internal(Box::new(Error::DatabaseError(kind, info))),
            },
            _ if PASSING.iter().any(|passing| message.contains(passing)) => Self::Unavailable(message.to_owned()),
            _ => Self::Internal(Box::new(Error::DatabaseError(kind, info))),
        }
    }
}
