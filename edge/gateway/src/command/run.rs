//! `edge run`: serves.

use super::{DEFAULT_CONFIG, Failure, environment, unusable};
use crate::{
    generation,
    reload::{Look, Start},
    server,
    settings::Settings,
};
use std::path::PathBuf;

/// `edge run`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

/// Serves until told to stop.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    shared_telemetry::init("edge");
    let file = &arguments.config;
    // Looked at before it is read: what is written in between is found by the first look at work.
    let look = Look::at([file]);
    let read = generation::read(file, &environment);
    let source = read.source.map_err(|mistakes| unusable(file, &mistakes))?;
    for warning in read.warnings {
        tracing::warn!("{warning}");
    }
    let failed = |error: &dyn std::error::Error| Failure::Refused(format!("edge: {error}"));
    let settings = Settings::read(&environment).map_err(|error| failed(&error))?;
    let start = Start {
        file: file.clone(),
        look: look.of(&read.files),
    };
    server::run(source, start, &settings).map_err(|error| failed(&error))
}
