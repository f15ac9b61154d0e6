//! Settings, from flags and environment.

use clap::Parser;
use std::path::PathBuf;

/// The port where none is given.
pub const PORT: u16 = 3003;

/// The media service: uploads and stored files.
#[derive(Debug, Parser)]
#[command(name = "media", version)]
pub struct Config {
    /// What every service has.
    #[command(flatten)]
    pub service: shared_service::Settings,
    /// `media_db`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "postgres://newfeed@127.0.0.1/media_db",
        hide_env_values = true
    )]
    pub database_url: String,
    /// Most database connections.
    #[arg(long, env = "DATABASE_POOL", default_value_t = 10)]
    pub database_pool: u32,
    /// RabbitMQ.
    #[arg(
        long,
        env = "AMQP_URL",
        default_value = "amqp://guest:guest@127.0.0.1:5672",
        hide_env_values = true
    )]
    pub amqp_url: String,
    /// The topic exchange of all events.
    #[arg(long, env = "AMQP_EXCHANGE", default_value = shared_contracts::event::EXCHANGE)]
    pub amqp_exchange: String,
    /// Directory of the stored files.
    #[arg(long, env = "MEDIA_DIR", default_value = ".run/media")]
    pub media_dir: PathBuf,
}
