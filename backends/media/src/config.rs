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
    /// The service's own database.
    #[command(flatten)]
    pub database: shared_service::DatabaseSettings,
    /// RabbitMQ.
    #[command(flatten)]
    pub events: shared_service::EventSettings,
    /// Directory of the stored files.
    #[arg(long, env = "MEDIA_DIR", default_value = ".run/media")]
    pub media_dir: PathBuf,
}
