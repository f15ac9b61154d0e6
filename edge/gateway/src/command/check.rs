//! `edge check`: says what is wrong with a configuration.

use super::{DEFAULT_CONFIG, Failure, environment, say, unusable};
use crate::generation::{self, Generation, Parts};
use std::{path::PathBuf, sync::Arc};

/// `edge check`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(default_value = DEFAULT_CONFIG)]
    file: PathBuf,
}

/// Builds a generation and drops it: schemas are read and composed, nothing is connected.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let file = &arguments.file;
    let read = generation::read(file, &environment);
    let source = Arc::new(read.source.map_err(|mistakes| unusable(file, &mistakes))?);
    let built = Generation::build(Arc::clone(&source), 1, &Parts::default(), None);
    built.map_err(|error| unusable(file, &[error.into()]))?;
    for warning in read.warnings {
        say(&warning.to_string());
    }
    let (routes, upstreams) = (source.config.routes.len(), source.config.upstreams.len());
    say(&format!(
        "{}: {routes} routes, {upstreams} upstreams, no mistakes",
        file.display()
    ));
    Ok(())
}
