//! Settings, from flags and environment.

use clap::{Parser, Subcommand, ValueEnum};

/// Accounts, sessions and signing keys of the platform.
#[derive(Debug, Clone, Parser)]
#[command(name = "auth", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: shared_service::Settings,
    /// The service's own database.
    #[command(flatten)]
    pub database: shared_service::DatabaseSettings,
    /// Redis.
    #[command(flatten)]
    pub redis: shared_service::RedisSettings,
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
