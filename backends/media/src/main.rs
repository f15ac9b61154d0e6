//! The program `media`.

use clap::Parser;
use media::{
    app::{self, Context, MIGRATIONS, NAME},
    config::{Config, PORT},
    storage::LocalDisk,
};
use shared_event_bus::{Bus, Relay};
use shared_service::ServiceTokens;
use std::{error::Error, process::ExitCode, sync::Arc};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    shared_telemetry::init(NAME);
    shared_service::ended(serve(&config).await)
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let tokens = ServiceTokens::parse(&config.service.service_token_digests)?;
    let shutdown = shared_service::shutdown_on_signal()?;
    shared_postgres::migrate(&config.database.url, MIGRATIONS).await?;
    let pool = shared_postgres::connect(&config.database.url, config.database.pool)?;
    let storage = Arc::new(LocalDisk::open(&config.media_dir).await?);
    let bus = Bus::new();
    let events = shared_event_bus::Settings::new(&config.events.url, &config.events.exchange, NAME);
    let relay = Relay::spawn(pool.clone(), events, bus.clone());
    let app = app::app(Context { pool, storage, bus }, tokens);
    let served = shared_service::serve(&config.service, PORT, app, shutdown).await;
    relay.shutdown().await;
    Ok(served?)
}
