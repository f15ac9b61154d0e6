//! Flags and environment.

use clap::Parser;

/// Settings of the notification service.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "notifications",
    about = "Notifications, stored and live over Socket.IO",
    version
)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: shared_service::Settings,
    /// PostgreSQL, e.g. `postgres://newfeed@127.0.0.1/notification_db`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Most database connections.
    #[arg(long, env = "DATABASE_POOL", default_value_t = 10)]
    pub database_pool: u32,
    /// Redis without a database: it carries pushes between instances and tells of ended sessions.
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    pub redis_url: String,
    /// Put before every Redis key and channel; empty outside of tests.
    #[arg(long, env = "REDIS_PREFIX", default_value = "")]
    pub redis_prefix: String,
    /// RabbitMQ.
    #[arg(
        long,
        env = "AMQP_URL",
        hide_env_values = true,
        default_value = "amqp://guest:guest@127.0.0.1:5672"
    )]
    pub amqp_url: String,
    /// The topic exchange of all events.
    #[arg(long, env = "AMQP_EXCHANGE", default_value = shared_contracts::event::EXCHANGE)]
    pub amqp_exchange: String,
    /// The auth service: keys to verify tokens with, and users by name.
    #[arg(long, env = "AUTH_URL", default_value = "http://127.0.0.1:3001")]
    pub auth_url: String,
    /// Origins whose pages may connect directly with the visitor's cookies.
    #[arg(
        long,
        env = "WEB_ORIGIN",
        value_delimiter = ',',
        default_value = "http://localhost:5173"
    )]
    pub web_origins: Vec<String>,
}
