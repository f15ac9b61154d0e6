//! Settings, from flags and environment.

use clap::{Parser, Subcommand, ValueEnum};

/// Accounts, sessions and signing keys of the platform.
#[derive(Debug, Clone, Parser)]
#[command(name = "auth", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: shared_service::Settings,
    /// Database, `postgres://…/auth_db`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Most database connections.
    #[arg(long, env = "DATABASE_POOL", default_value_t = 10)]
    pub database_pool: u32,
    /// Redis without a database path; revocations go to database 0, the cache to database 3.
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    pub redis_url: String,
    /// Put before every Redis key and channel, so that several platforms share one Redis.
    #[arg(long, env = "REDIS_PREFIX", default_value = "")]
    pub redis_prefix: String,
    /// 32 bytes as 64 hex digits; seals the signing keys in the database.
    #[arg(long, env = "AUTH_KEY_SECRET", hide_env_values = true)]
    pub auth_key_secret: String,
    /// bcrypt's cost: each step doubles the work.
    #[arg(long, env = "BCRYPT_COST", default_value_t = 12, value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,
    /// Whether cookies are for TLS alone; `auto` asks how the client spoke to the edge.
    #[arg(long, env = "COOKIE_SECURE", value_enum, default_value_t = CookieSecure::Auto)]
    pub cookie_secure: CookieSecure,
    /// Days after which a new signing key takes over.
    #[arg(long, env = "KEY_ROTATION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub key_rotation_days: u32,
    /// What to do; serving is the default.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve.
    Serve,
    /// Make a new signing key now; it is published at once and signs an hour later.
    RotateKeys,
}

/// Whether cookies carry `Secure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CookieSecure {
    /// Where the client spoke TLS to the edge.
    Auto,
    /// Always.
    True,
    /// Never.
    False,
}

impl CookieSecure {
    /// Whether a cookie for a client that did (not) speak TLS carries `Secure`.
    pub fn applies(self, client_spoke_tls: bool) -> bool {
        match self {
            Self::Auto => client_spoke_tls,
            Self::True => true,
            Self::False => false,
        }
    }
}
