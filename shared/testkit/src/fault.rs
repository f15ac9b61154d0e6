//! A TCP proxy that stands between a service and its store, and fails on command.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    /// Each chunk waits this long, in both directions.
    Delay(Duration),
    /// Accepts, and forwards nothing.
    Stall,
    /// Forwards to the store, and holds its answers back.
    Mute,
    /// Closes each new connection at once.
    Refuse,
}

/// The mode, and how often all connections were ended.
#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    ended: u64,
}

/// The proxy; it ends with this guard.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    url: url::Url,
    state: watch::Sender<State>,
    task: tokio::task::JoinHandle<()>,
}

impl FaultProxy {
    /// A proxy in front of the store at `url`, which must name host and port. It passes everything at first.
    ///
    /// # Panics
    /// If `url` is none, or no port can be bound.
    pub async fn new(url: &str) -> Self {
        let mut url = url::Url::parse(url).expect("the store's URL");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        url.set_host(Some("127.0.0.1")).expect("a URL with a host");
        url.set_port(Some(address.port())).expect("a URL with a port");
        let (state, watched) = watch::channel(State {
            mode: Mode::Pass,
            ended: 0,
        });
        let task = tokio::spawn(accept(listener, target, watched));
        Self {
            address,
            url,
            state,
            task,
        }
    }

    /// The store's URL with the proxy's host and port.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections and closes new ones, as when the store has died.
    pub fn cut(&self) {
        self.change(Some(Mode::Refuse), true);
    }

    /// Closes new connections; those there are go on.
    pub fn refuse(&self) {
        self.change(Some(Mode::Refuse), false);
    }

    /// Ends all connections; new ones work, as after a quick restart.
    pub fn disconnect(&self) {
        self.change(None, true);
    }

    /// Forwards nothing any more, without a word, as when the store's machine has vanished.
    pub fn stall(&self) {
        self.change(Some(Mode::Stall), false);
    }

    /// Forwards to the store and holds its answers back: what was asked is done, and the asker cannot know.
    pub fn mute(&self) {
        self.change(Some(Mode::Mute), false);
    }

    /// Makes each chunk wait this long, in both directions.
    pub fn delay(&self, time: Duration) {
        self.change(Some(Mode::Delay(time)), false);
    }

    /// Passes everything again; what was stalled goes on.
    pub fn resume(&self) {
        self.change(Some(Mode::Pass), false);
    }

    fn change(&self, mode: Option<Mode>, end: bool) {
        self.state.send_modify(|state| {
            state.mode = mode.unwrap_or(state.mode);
            state.ended += u64::from(end);
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.change(Some(Mode::Refuse), true);
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: String, state: watch::Receiver<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let now = *state.borrow();
        if now.mode == Mode::Refuse {
            continue;
        }
        let (target, state, mut watched) = (target.clone(), state.clone(), state.clone());
        tokio::spawn(async move {
            tokio::select! {
                // First, so that an end followed by a resumption lets nothing through that was held back.
                biased;
                _ = watched.wait_for(|later| later.ended != now.ended) => {}
                () = forward(client, &target, &state) => {}
            }
        });
    }
}

async fn forward(mut client: TcpStream, target: &str, state: &watch::Receiver<State>) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    // One side's end is the connection's end: stores do not speak half-closed.
    tokio::select! {
        () = pump(client_reads, server_writes, state.clone(), &[Mode::Stall]) => {}
        () = pump(server_reads, client_writes, state.clone(), &[Mode::Stall, Mode::Mute]) => {}
    }
}

/// Copies one direction, except in the modes that hold it up.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    held_up: &[Mode],
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let Ok(mode) = state
            .wait_for(|state| !held_up.contains(&state.mode))
            .await
            .map(|state| state.mode)
        else {
            return;
        };
        if let Mode::Delay(time) = mode {
            tokio::time::sleep(time).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
