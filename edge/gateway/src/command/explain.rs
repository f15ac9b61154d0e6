//! `edge explain`.

use crate::{
    explain::{Ask, Assume, World, explain},
    generation::Generation,
    metrics::Metrics,
    settings::Settings,
};
use clap::Args;
use edge_config::Config;
use std::{
    io::{Write, stdout},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is asked.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 explained (a refusal too), 2 not explained.")]
pub(crate) struct Arguments {
    /// The request's method.
    method: String,
    /// The request's path, with its query.
    path: String,
    /// A header field of the request; may come more than once.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// A cookie of the request; may come more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = cookie)]
    cookie: Vec<String>,
    /// Where the connection comes from. Behind a trusted proxy that is the proxy.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    client_ip: IpAddr,
    /// A configuration to explain by.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What is assumed of a token, which is not checked without a running edge: that it is what it says, that it is a user's
    /// whatever it says, that it is not there.
    #[arg(long, value_enum, default_value_t)]
    assume: Assume,
    /// JSON instead of text; docs/explain.md describes it.
    #[arg(long)]
    json: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write `name: value`")?;
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn cookie(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(_) => Ok(text.to_owned()),
        None => Err("write `name=value`".to_owned()),
    }
}

impl Arguments {
    fn ask(&self) -> Ask {
        let mut headers = self.headers.clone();
        if !self.cookie.is_empty() {
            headers.push(("Cookie".to_owned(), self.cookie.join("; ")));
        }
        Ask {
            method: self.method.clone(),
            target: self.path.clone(),
            headers,
            client_ip: self.client_ip,
        }
    }
}

/// Explains, and prints.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let report = offline(arguments, &arguments.config)?;
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?
    } else {
        report.to_string()
    };
    // Where standard output is gone there is nobody to tell.
    let _ = writeln!(stdout(), "{text}");
    Ok(())
}

fn offline(arguments: &Arguments, file: &Path) -> Result<crate::explain::Report, String> {
    let environment = |name: &str| std::env::var(name).ok();
    let loaded = Config::load(file, &environment).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        format!("{}\nedge: {} cannot be used", lines.join("\n"), file.display())
    })?;
    // The affinity key is the environment's, as it is the edge's: cookies are read alike.
    let settings = Settings::read(&environment).map_err(|error| format!("edge: {error}"))?;
    let generation = Generation::build(&loaded, 1, &settings.affinity_key, &Metrics::default());
    let generation = Arc::new(generation.map_err(|error| format!("edge: {error}"))?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("edge: {error}"))?;
    let world = World::Offline(arguments.assume);
    runtime
        .block_on(explain(world, &generation, &arguments.ask()))
        .map_err(|error| format!("edge: {error}"))
}
