//! The program `auth`.

use auth::{App, Command, Config, DEFAULT_PORT, StartError};
use clap::Parser;
use shared_service::{serve, shutdown_on_signal};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    shared_telemetry::init("auth");
    match run(&Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "auth cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<(), StartError> {
    if config.command == Some(Command::RotateKeys) {
        return auth::rotate_keys(config).await;
    }
    let shutdown = shutdown_on_signal()?;
    let app = App::start(config, &shutdown).await?;
    serve(&config.service, DEFAULT_PORT, app.router(), shutdown).await?;
    Ok(())
}
