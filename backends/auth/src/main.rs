//! The program `auth`.

use auth::{App, Command, Config, DEFAULT_PORT, StartError};
use clap::Parser;
use shared_service::{ended, serve, shutdown_on_signal};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    shared_telemetry::init("auth");
    ended(run(&config).await)
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
