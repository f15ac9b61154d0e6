//! `edge cache purge`: answers that are kept go.

use super::{Failure, client::Client, place::Asked, say};
use serde_json::json;

/// `edge cache`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Let answers go that are kept. The next request for each asks its service.
    Purge(Purge),
}

#[derive(Debug, clap::Args)]
struct Purge {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Those with this tag, as services write it into `Cache-Tag` or `Surrogate-Key`.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Those of this address, for every caller and in every variant: `https://example.com/a?b`, or `/a?b` under any host.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// All.
    #[arg(long)]
    all: bool,
}

/// Does it, and says how much went.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Deed::Purge(Purge { what, asked }) = &arguments.deed;
    let wish = match what {
        What { tag: Some(tag), .. } => json!({ "tag": tag }),
        What { url: Some(url), .. } => json!({ "url": url }),
        What { .. } => json!({ "all": true }),
    };
    let body = Client::new(&asked.place)
        .ask("POST", "/cache/purge", Some(&wish))?
        .ok()?;
    match asked.json {
        true => say(&body.to_string()),
        false => say(&format!("{} answers went", body["purged"])),
    }
    Ok(())
}
