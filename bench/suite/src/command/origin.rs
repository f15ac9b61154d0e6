//! `bench origin`: the upstream that everything measured stands in front of, as a process of its own.

use bench_origin::{Origin, Settings};
use clap::Args as Arguments;
use shared_stack::{Context, Result, process::pause};
use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

/// How to serve.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Where to listen.
    #[arg(long)]
    bind: SocketAddr,
    /// Where faults are steered: `POST /faults?delay=20`.
    #[arg(long)]
    admin: Option<SocketAddr>,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// A file with the key set to publish (RFC 7517).
    #[arg(long)]
    jwks: Option<PathBuf>,
}

/// Serves until it is ended.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let mut settings = Settings {
        bind: args.bind,
        admin: args.admin,
        threads: args.threads,
        ..Settings::default()
    };
    if let Some(file) = &args.jwks {
        settings.jwks = fs::read_to_string(file).context(|| format!("cannot read {}", file.display()))?;
    }
    let _origin = Origin::start(settings).context(|| format!("cannot listen on {}", args.bind))?;
    loop {
        pause(Duration::from_secs(3600));
    }
}
