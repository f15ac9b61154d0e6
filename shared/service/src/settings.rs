//! Settings that services share, so that a flag means the same everywhere; `#[command(flatten)]` what is needed.

use std::net::SocketAddr;

/// What every service has.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Address to listen on.
    #[arg(long, env = "BIND")]
    pub bind: Option<SocketAddr>,
    /// This service's own token, `<caller>.<secret>`.
    #[arg(long, env = "SERVICE_TOKEN", hide_env_values = true, default_value = "")]
    pub service_token: String,
    /// SHA-256 digests of the tokens that callers may show: `edge:<hex>[|<hex>],posts:<hex>`.
    #[arg(long, env = "SERVICE_TOKEN_DIGESTS", default_value = "")]
    pub service_token_digests: String,
    /// Most connections at once.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 8192)]
    pub max_connections: usize,
    /// Seconds that open requests are given to finish when the process is told to end.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 10)]
    pub drain_seconds: u64,
}

impl Settings {
    /// The address to listen on: the flag's, or loopback at `port`.
    pub fn address(&self, port: u16) -> SocketAddr {
        self.bind.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)))
    }
}

/// The service's own database.
#[derive(Debug, Clone, clap::Args)]
pub struct DatabaseSettings {
    /// PostgreSQL, with the database's name: `postgres://user:password@host:port/database`.
    #[arg(id = "database-url", long, env = "DATABASE_URL", hide_env_values = true)]
    pub url: String,
    /// Most connections to PostgreSQL at a time.
    #[arg(id = "database-pool", long, env = "DATABASE_POOL", default_value_t = 10)]
    pub pool: u32,
}

/// Redis; which of its databases is the service's own business.
#[derive(Debug, Clone, clap::Args)]
pub struct RedisSettings {
    /// Redis, without a database's number.
    #[arg(
        id = "redis-url",
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    pub url: String,
    /// Stands before every key and channel, so that several platforms share one Redis.
    #[arg(id = "redis-prefix", long, env = "REDIS_PREFIX", default_value = "")]
    pub prefix: String,
}

/// RabbitMQ.
#[derive(Debug, Clone, clap::Args)]
pub struct EventSettings {
    /// RabbitMQ, with the virtual host if it is not `/`.
    #[arg(
        id = "amqp-url",
        long,
        env = "AMQP_URL",
        hide_env_values = true,
        default_value = "amqp://guest:guest@127.0.0.1:5672"
    )]
    pub url: String,
    /// The topic exchange that all events go through.
    #[arg(id = "amqp-exchange", long, env = "AMQP_EXCHANGE", default_value = shared_contracts::event::EXCHANGE)]
    pub exchange: String,
}
