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
    /// The service's own database.
    #[command(flatten)]
    pub database: shared_service::DatabaseSettings,
    /// Redis: it carries pushes between instances and tells of ended sessions.
    #[command(flatten)]
    pub redis: shared_service::RedisSettings,
    /// RabbitMQ.
    #[command(flatten)]
    pub events: shared_service::EventSettings,
    /// The auth service: keys to verify tokens with, and users by name; several instances with commas between them.
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
