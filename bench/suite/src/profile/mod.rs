//! `bench profile`: where the time of a request goes, as a flame graph, by kind of work, and by system call.
//!
//! `perf` samples the release build by the software clock, which every virtual machine has, and unwinds by the tables that
//! panics use, since the release build keeps no frame pointers. Kernel functions are named where the machine shows them.

mod kinds;
mod load;
mod record;
mod syscalls;

use crate::{
    instructions::edge::{Road, Surroundings, await_edge, roads},
    system::{self, cpus::Cpus, place::Place},
};
use bench_report::store;
use clap::Args as Arguments;
use shared_stack::{Context, Error, Result, find::Need};
use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// What to profile.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// `pass-through`, `signed in`, `admitted` or `graphql feed`.
    #[arg(default_value = "pass-through")]
    scenario: String,
    /// A built edge; without it the release build is made.
    #[arg(long, value_name = "PROGRAM")]
    edge: Option<PathBuf>,
    /// Where the flame graph goes.
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,
    /// How long to sample.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
}

/// Runs `bench profile`.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let road = chosen(&args.scenario)?;
    let place = Place::open()?;
    place.need(&[Need::Perf])?;
    let program = system::edge::binary(&place.root, args.edge.as_deref())?;
    let surroundings = Surroundings::start(&place, "127.0.0.0/8")?;
    let (edge, address) = surroundings.edge(&place, &program)?;
    let running = edge.on(Cpus::first().as_ref()).start(&place)?;
    await_edge(&running, address)?;

    let load = load::Load::begin(&road, address)?;
    let folded = record::sample(&place, running.pid(), Duration::from_secs(args.seconds));
    load.end()?;
    let folded = folded?;
    let title = format!("The edge, {}: CPU by function", args.scenario);
    let out = args.out.clone().unwrap_or_else(|| {
        let name = args.scenario.replace(' ', "-");
        place.root.join(format!("docs/flamegraph-{name}.svg"))
    });
    store::write(&out, &record::flame_graph(&folded, &title)?).map_err(|error| Error::new(error.to_string()))?;
    say(&kinds::table(&folded))?;
    say(&syscalls::table(&place, running.pid(), &road, address)?)?;
    say(&format!("flame graph: {}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn chosen(scenario: &str) -> Result<Road> {
    let all = roads();
    let names: Vec<&str> = all.iter().filter_map(|road| road.name.strip_prefix("edge::")).collect();
    let known = names.join("`, `");
    let found = all
        .into_iter()
        .find(|road| road.name.strip_prefix("edge::") == Some(scenario));
    found.ok_or_else(|| Error::new(format!("`{scenario}` is none of `{known}`")))
}

fn say(text: &str) -> Result<()> {
    writeln!(stdout(), "{text}").context(|| "cannot write to standard output".to_owned())
}
