//! `edge breaker`: an upstream's circuit breaker by hand.

use super::{
    Failure,
    client::segment,
    place::Place,
    target::{Hold, clear, set},
};
use clap::ValueEnum;
use serde_json::json;

/// `edge breaker`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `open`: its routes answer 503 at once. `close`: it never opens. `reset`: as configured.
    state: State,
    /// The upstream's name.
    upstream: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    hold: Hold,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Open,
    Close,
    Reset,
}

/// Sets or resets it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = format!("/upstreams/{}/breaker", segment(&arguments.upstream));
    let state = match arguments.state {
        State::Open => "open",
        State::Close => "closed",
        State::Reset => return clear(&arguments.place, &path, &format!("{} (breaker)", arguments.upstream)),
    };
    set(&arguments.place, &path, &arguments.hold.on(json!({ "state": state })))
}
