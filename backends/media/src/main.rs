//! The media service.

use clap::Parser;
use media::{
    app::{self, Context, MIGRATIONS, NAME},
    config::Config,
    storage::LocalDisk,
};
use shared_event_bus::{Bus, Relay};
use shared_service::ServiceTokens;
use std::{error::Error, sync::Arc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::parse();
    shared_telemetry::init(NAME);
    let tokens = ServiceTokens::parse(&config.service.service_token_digests)?;
    let shutdown = shared_service::shutdown_on_signal()?;
    shared_postgres::migrate(&config.database_url, MIGRATIONS).await?;
    let pool = shared_postgres::connect(&config.database_url, config.database_pool)?;
    let storage = Arc::new(LocalDisk::open(&config.media_dir).await?);
    let bus = Bus::new();
    let events = shared_event_bus::Settings::new(&config.amqp_url, &config.amqp_exchange, NAME);
    let relay = Relay::spawn(pool.clone(), events, bus.clone());
    let app = app::app(Context { pool, storage, bus }, tokens);
    shared_service::serve(&config.service, 3003, app, shutdown).await?;
    relay.shutdown().await;
    Ok(())
}
