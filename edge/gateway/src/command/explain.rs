//! `edge explain`.

use super::{DEFAULT_CONFIG, Failure, client::Client, environment, place::Listener, say, told::told, unusable};
use crate::{
    explain::{Ask, Assume, Report, World, explain},
    generation::{self, Generation, Parts},
    settings::Settings,
};
use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is asked.
#[derive(Debug, clap::Args)]
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
    /// It comes over TLS.
    #[arg(long)]
    tls: bool,
    /// A configuration to explain by, instead of asking the edge that runs.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is assumed of a token, which is not checked without a running edge: that it is what it says, that it is a user's
    /// whatever it says, that it is not there.
    #[arg(long, value_enum, default_value_t)]
    assume: Assume,
    /// JSON instead of text; docs/explain.md describes it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Listener,
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
            tls: self.tls,
        }
    }
}

/// Explains, and prints.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let report = match &arguments.config {
        Some(file) => offline(arguments, file)?,
        None => running(arguments)?,
    };
    if arguments.json {
        say(&serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        say(&report.to_string());
    }
    Ok(())
}

/// By what an edge is doing.
fn running(arguments: &Arguments) -> Result<Report, Failure> {
    let ask = serde_json::to_value(arguments.ask()).unwrap_or_default();
    let client = Client::of(arguments.place.find(Path::new(DEFAULT_CONFIG)));
    let answer = client.ask("POST", "/explain", Some(&ask))?;
    // Whatever it was, there is no explanation: an explained refusal is one.
    let body = answer
        .ok()
        .map_err(|failure| Failure::Unreachable(failure.to_string()))?;
    told(body)
}

/// By a file alone.
fn offline(arguments: &Arguments, file: &Path) -> Result<Report, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::Unreachable(format!("edge: {error}"));
    let source = generation::read(file, &environment).source;
    let source = source.map_err(|mistakes| Failure::Unreachable(unusable(file, &mistakes).to_string()))?;
    // The affinity key is the environment's, as it is the edge's: cookies are read alike.
    let parts = Parts {
        affinity_key: Settings::read(&environment)
            .map_err(|error| failed(&error))?
            .affinity_key,
        ..Parts::default()
    };
    let generation = Generation::build(Arc::new(source), 1, &parts, None).map_err(|error| failed(&error))?;
    let (generation, ask) = (Arc::new(generation), arguments.ask());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let explained = runtime.block_on(explain(World::Offline(arguments.assume), &generation, &ask));
    explained.map_err(|error| failed(&error))
}
