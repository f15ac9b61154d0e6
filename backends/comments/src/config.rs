//! Settings, from flags and environment.

use clap::Parser;
use shared_service::{DatabaseSettings, EventSettings, RedisSettings, Settings};

/// The port where none is given.
pub const PORT: u16 = 3004;
/// The logical Redis database of this service.
pub const REDIS_DATABASE: u8 = 2;

/// The comments service: comments on posts, and their live stream.
#[derive(Debug, Parser)]
#[command(name = "comments", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: Settings,
    /// The service's own database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Redis.
    #[command(flatten)]
    pub redis: RedisSettings,
    /// RabbitMQ.
    #[command(flatten)]
    pub events: EventSettings,
    /// The auth service, which knows the users; several instances with commas between them.
    #[arg(long, env = "AUTH_URL", default_value = "http://127.0.0.1:3001")]
    pub auth_url: String,
    /// The posts service, which knows whether a post exists; several instances with commas between them.
    #[arg(long, env = "POSTS_URL", default_value = "http://127.0.0.1:3002")]
    pub posts_url: String,
}
