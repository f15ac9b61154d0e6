//! What stays open: what an idle socket or stream costs a proxy in memory, and how soon one event reaches all streams.

mod clients;

use super::{
    Peer, Work, install,
    start::{self, Surroundings},
    tokens::Tokens,
};
use crate::system::{cpus::Layout, origins, place::Place, tree};
use bench_load::protocol::{Connector, Options, Target};
use clients::{Sockets, Streams};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

/// How long everything is left alone before its memory is read.
const REST: Duration = Duration::from_secs(2);
/// Opened before the first look, for what is needed once.
const FIRST: u32 = 100;

/// What is to be compared.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Who.
    pub(crate) peers: Vec<Peer>,
    /// How many idle sockets, and then idle streams.
    pub(crate) idle: u32,
    /// How many streams hear each event.
    pub(crate) streams: u32,
    /// How many events.
    pub(crate) events: u32,
    /// A built edge.
    pub(crate) edge: Option<PathBuf>,
}

/// What a peer showed.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Who.
    pub(crate) peer: Peer,
    /// Its version.
    pub(crate) version: String,
    /// Bytes of memory of one idle WebSocket; none where there is no proxy.
    pub(crate) socket: Option<u64>,
    /// Bytes of memory of one idle event stream.
    pub(crate) stream: Option<u64>,
    /// From what was said to what was heard: the median, the 99th percentile, the last of all.
    pub(crate) heard: [Duration; 3],
}

/// Measures one peer after the other. Those that cannot be had are told of and left out.
///
/// # Errors
/// A peer does not start, a socket or stream does not open, hears something else, or hears nothing for too long.
pub(crate) fn measure(wanted: &Wanted) -> Result<Vec<Found>> {
    raise_descriptors();
    let place = Place::open()?;
    let layout = Layout::of_this_machine();
    let tokens = Tokens::new();
    let upstream = origins::Wanted::new(2, layout.origin.as_ref())?.start(&place)?;
    let (_redis, redis) = start::redis(&place, layout.origin.as_ref())?;
    let around = Surroundings {
        place: &place,
        layout: &layout,
        origins: &upstream,
        redis: &redis,
        tokens: &tokens,
    };
    if let Some(cpus) = &layout.generator {
        cpus.bind_this_thread();
    }
    let mut found = Vec::new();
    for peer in &wanted.peers {
        match install::available(&place, *peer, wanted.edge.as_deref()) {
            Ok(available) => {
                let one = Part {
                    around: &around,
                    wanted,
                    peer: *peer,
                    available: &available,
                };
                found.push(one.measure()?);
            }
            Err(error) => say(&format!("left out: {peer}: {error}")),
        }
    }
    Ok(found)
}

/// As many descriptors as the machine gives, for this process and for those that it starts.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it cannot be had, opening says so.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// One peer.
struct Part<'a> {
    around: &'a Surroundings<'a>,
    wanted: &'a Wanted,
    peer: Peer,
    available: &'a install::Available,
}

impl Part<'_> {
    fn measure(&self) -> Result<Found> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::new(format!("no runtime: {error}")))?;
        let socket = runtime.block_on(self.sockets())?;
        say(&format!(
            "{}: {} idle WebSockets: {} each",
            self.peer,
            self.wanted.idle,
            kib(socket)
        ));
        let (stream, heard) = runtime.block_on(self.streams())?;
        say(&format!(
            "{}: {} idle streams: {} each; an event to {} of them: p99 {:.1?}",
            self.peer,
            self.wanted.idle,
            kib(stream),
            self.wanted.streams,
            heard[1],
        ));
        Ok(Found {
            peer: self.peer,
            version: self.available.version.clone(),
            socket,
            stream,
            heard,
        })
    }

    /// A process of its own for each, so that what the one has left behind is not the other's.
    fn start(&self) -> Result<(start::Started, Connector)> {
        let started = start::start(self.around, self.peer, self.available, Work::Live)?;
        let connector = connector(started.address)?;
        Ok((started, connector))
    }

    async fn sockets(&self) -> Result<Option<u64>> {
        let (started, connector) = self.start()?;
        let mut sockets = Sockets::default();
        sockets.open(&connector, FIRST).await?;
        let before = resident(&started);
        sockets.open(&connector, self.wanted.idle).await?;
        tokio::time::sleep(REST).await;
        let each = self.each(before, &started);
        sockets.all_echo().await?;
        Ok(each)
    }

    async fn streams(&self) -> Result<(Option<u64>, [Duration; 3])> {
        let (started, connector) = self.start()?;
        let mut streams = Streams::default();
        streams.open(&connector, FIRST).await?;
        let before = resident(&started);
        streams
            .open(&connector, self.wanted.idle.max(self.wanted.streams))
            .await?;
        tokio::time::sleep(REST).await;
        let each = self.each(before, &started);
        streams.keep(self.wanted.streams);
        tokio::time::sleep(REST).await;
        let origins: Result<Vec<Connector>> = self
            .around
            .origins
            .iter()
            .map(|at| self::connector(at.address))
            .collect();
        let heard = streams.hear(&origins?, self.wanted.events).await?;
        Ok((each, heard))
    }

    fn each(&self, before: Option<u64>, started: &start::Started) -> Option<u64> {
        let grown = resident(started)?.saturating_sub(before?);
        Some(grown / u64::from(self.wanted.idle))
    }
}

fn connector(address: SocketAddr) -> Result<Connector> {
    let target = Target::parse(&format!("http://{address}"));
    let connector = target.and_then(|target| Connector::new(target, Options::default()));
    connector.map_err(|error| Error::new(error.to_string()))
}

/// Bytes of all of its processes in memory; none where there is no proxy.
fn resident(started: &start::Started) -> Option<u64> {
    let running = started.running.as_ref()?;
    Some(tree::resident(&tree::pids(running.pid())))
}

/// For a person.
pub(crate) fn kib(bytes: Option<u64>) -> String {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.1} KiB", bytes as f64 / 1024.0))
}

fn say(line: &str) {
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(stderr(), "{line}");
}
