//! The program `posts`.

use clap::Parser;
use posts::{
    app,
    config::{Command, Config, PORT},
    graphql,
};
use std::{error::Error, io::Write, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let done = match config.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&config).await,
        Command::Schema => std::io::stdout()
            .write_all(graphql::sdl().as_bytes())
            .map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ended");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    shared_telemetry::init(app::NAME);
    let shutdown = shared_service::shutdown_on_signal()?;
    app::migrate(config).await?;
    let service = app::build(config)?;
    let served = shared_service::serve(&config.service, PORT, service.router, shutdown).await;
    service.background.shutdown().await;
    Ok(served?)
}
