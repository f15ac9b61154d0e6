//! `bench train`: keeps an edge busy on every road that is counted, one after the other, and ends it in good order. What an
//! edge that counts for a profile has counted is written then.

use super::load::Load;
use crate::{
    instructions::edge::{Surroundings, await_edge, roads},
    system::{self, cpus::Cpus, place::Place},
};
use clap::Args as Arguments;
use edge_config::units::TimeSpan;
use shared_stack::{Result, process::pause};
use std::{path::PathBuf, process::ExitCode};

/// What to train.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// A built edge.
    #[arg(long, value_name = "PROGRAM")]
    edge: PathBuf,
    /// How long on each road.
    #[arg(long, default_value = "10s")]
    duration: TimeSpan,
}

/// Runs `bench train`.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let place = Place::open()?;
    let program = system::edge::binary(&place.root, Some(&args.edge))?;
    let surroundings = Surroundings::start(&place, "127.0.0.0/8")?;
    let (edge, address) = surroundings.edge(&place, &program)?;
    let running = edge.on(Cpus::first().as_ref()).start(&place)?;
    await_edge(&running, address)?;
    for road in roads() {
        let load = Load::begin(&road, address)?;
        pause(*args.duration);
        load.end()?;
    }
    Ok(ExitCode::SUCCESS)
}
