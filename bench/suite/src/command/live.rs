//! `bench live`: what stays open, through several proxies.

use crate::peers::{
    Peer,
    live::{self, Found, Wanted, kib},
};
use shared_stack::Result;
use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// How many, and what must hold for the edge.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who takes part; missing ones are installed, or left out with the reason.
    #[arg(value_delimiter = ',', default_value = "direct,edge,pingora,haproxy,nginx,envoy")]
    peers: Vec<Peer>,
    /// Idle WebSockets, and then idle event streams. Each takes two descriptors of the proxy.
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u32).range(100..=9000))]
    idle: u32,
    /// Streams that hear each event.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=9000))]
    streams: u32,
    /// Events, one after the other.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    events: u32,
    /// Most memory of one idle socket or stream, in KiB.
    #[arg(long, default_value_t = 12.0)]
    at_most: f64,
    /// Latest that 99 of 100 streams may hear an event, in milliseconds.
    #[arg(long, default_value_t = 250)]
    within: u64,
    /// A built edge instead of a fresh release build.
    #[arg(long)]
    edge: Option<PathBuf>,
}

/// Measures and judges. Exit codes: 0 it holds, 1 it does not.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let found = live::measure(&Wanted {
        peers: args.peers.clone(),
        idle: args.idle,
        streams: args.streams,
        events: args.events,
        edge: args.edge.clone(),
    })?;
    let wrong: Vec<String> = found
        .iter()
        .filter(|it| it.peer == Peer::Edge)
        .flat_map(|it| wrong(it, args))
        .collect();
    // Where standard output is gone the exit code still tells.
    let _ = writeln!(stdout(), "{}", shown(&found, args));
    for line in &wrong {
        let _ = writeln!(stdout(), "  ✗ {line}");
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn shown(found: &[Found], args: &Args) -> String {
    let mut text = format!(
        "{} idle WebSockets, {} idle event streams, {} events to {} streams\n\n{:<10} {:>14} {:>14} {:>12} {:>12} {:>12}  version\n",
        args.idle, args.idle, args.events, args.streams, "peer", "WebSocket", "stream", "heard p50", "p99", "last",
    );
    for it in found {
        let [median, p99, last] = it.heard.map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3));
        let (socket, stream) = (kib(it.socket), kib(it.stream));
        let (peer, version) = (it.peer.name(), &it.version);
        text += &format!("{peer:<10} {socket:>14} {stream:>14} {median:>12} {p99:>12} {last:>12}  {version}\n");
    }
    text
}

fn wrong(found: &Found, args: &Args) -> Vec<String> {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let above = |bytes: Option<u64>| bytes.is_some_and(|bytes| bytes as f64 > args.at_most * 1024.0);
    let mut wrong = Vec::new();
    for (what, bytes) in [("WebSocket", found.socket), ("event stream", found.stream)] {
        if above(bytes) {
            wrong.push(format!(
                "an idle {what} takes {} and may take {} KiB",
                kib(bytes),
                args.at_most
            ));
        }
    }
    if found.heard[1] > Duration::from_millis(args.within) {
        wrong.push(format!(
            "p99 of what is heard is {:.1?}, above {} ms",
            found.heard[1], args.within
        ));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn what_is_above_a_bound_is_told() {
        let args = Line::parse_from(["live"]).args;
        let mut found = Found {
            peer: Peer::Edge,
            version: String::new(),
            socket: Some(12 * 1024),
            stream: Some(4 * 1024),
            heard: [Duration::from_millis(250); 3],
        };
        assert_eq!(wrong(&found, &args), Vec::<String>::new());
        (found.socket, found.heard[1]) = (Some(12 * 1024 + 1), Duration::from_millis(251));
        assert_eq!(wrong(&found, &args).len(), 2);
        assert!(shown(&[found], &args).contains("12.0 KiB"));
    }
}
