//! The notification service: what happened to you, stored and live.

use clap::Parser;
use notifications::{Config, DEFAULT_PORT, MIGRATIONS, Service};
use std::{error::Error, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    shared_telemetry::init("notifications");
    shared_service::ended(run(&config).await)
}

async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    let shutdown = shared_service::shutdown_on_signal()?;
    shared_postgres::migrate(&config.database.url, MIGRATIONS).await?;
    let service = Service::start(config).await?;
    let router = service.router();
    // Sockets are open requests to the server: they are closed while it drains, not after.
    let closing = tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            shutdown.cancelled().await;
            service.close().await;
        }
    });
    let served = shared_service::serve(&config.service, DEFAULT_PORT, router, shutdown.clone()).await;
    shutdown.cancel();
    closing.await?;
    Ok(served?)
}
