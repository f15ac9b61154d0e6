//! The three stores by name.

use std::fmt;

use crate::find::Need;

/// One of the stores behind the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// A database a service.
    Postgres,
    /// Limits, revocations, caches, live channels.
    Redis,
    /// Events between services.
    Rabbitmq,
}

/// What a store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It answers.
    Ready,
    /// Its process runs but does not answer.
    Silent,
    /// It was stopped, or never started.
    Stopped,
    /// It was killed on purpose.
    Killed,
    /// It ended by itself.
    Died,
}

impl Store {
    /// All of them, the slowest to start first.
    pub const ALL: [Self; 3] = [Self::Rabbitmq, Self::Postgres, Self::Redis];

    /// Its name on the command line, in file names and in compose files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Rabbitmq => "rabbitmq",
        }
    }

    /// What must be installed for it.
    pub fn need(self) -> Need {
        match self {
            Self::Postgres => Need::Postgres,
            Self::Redis => Need::Redis,
            Self::Rabbitmq => Need::Rabbitmq,
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Silent => "not answering",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
            Self::Died => "died",
        })
    }
}
