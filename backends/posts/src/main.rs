//! The program `posts`.

use clap::Parser;
use posts::{
    app,
    config::{Config, PORT},
};
use std::{error::Error, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    shared_telemetry::init(app::NAME);
    shared_service::ended(serve(&config).await)
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    let shutdown = shared_service::shutdown_on_signal()?;
    app::migrate(config).await?;
    let service = app::build(config)?;
    let served = shared_service::serve(&config.service, PORT, service.router, shutdown).await;
    service.events.shutdown().await;
    Ok(served?)
}
