//! Threads, listeners, connections.

use crate::{
    admin, answer,
    body::Body,
    faults::Faults,
    hub::Hub,
    stats::{Counts, Stats},
};
use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime,
    sync::watch,
};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// How an origin is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Where faults are steered; without it only [`Origin::faults`] does.
    pub admin: Option<SocketAddr>,
    /// Threads, at least 1.
    pub threads: usize,
    /// The text of `/.well-known/jwks.json` (RFC 7517).
    pub jwks: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: None,
            threads: 1,
            jwks: r#"{"keys":[]}"#.to_owned(),
        }
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    pub(crate) hub: Hub,
    pub(crate) jwks: Bytes,
    pub(crate) last_nonce: Mutex<String>,
}

/// A running origin. It ends with this value, connections and all.
pub struct Origin {
    address: SocketAddr,
    admin: Option<SocketAddr>,
    shared: Arc<Shared>,
    stop: watch::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Origin {
    /// Listens and serves, on threads of its own.
    ///
    /// # Errors
    /// An address cannot be had, or a thread or runtime cannot be made.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            faults: Faults::default(),
            stats: Stats::default(),
            hub: Hub::default(),
            jwks: settings.jwks.into(),
            last_nonce: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(());
        let mut origin = Self {
            address: settings.bind,
            admin: None,
            shared,
            stop,
            threads: Vec::new(),
        };
        for number in 0..settings.threads.max(1) {
            // The first one finds the port that the others share.
            origin.address = origin.serve(&format!("origin-{number}"), origin.address, Public, stopped.clone())?;
        }
        if let Some(admin) = settings.admin {
            origin.admin = Some(origin.serve("origin-admin", admin, Admin, stopped)?);
        }
        Ok(origin)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where faults are steered.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// What goes wrong on purpose.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What it has seen.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.stats.counts()
    }

    fn serve(
        &mut self,
        name: &str,
        address: SocketAddr,
        role: impl Role,
        mut stopped: watch::Receiver<()>,
    ) -> io::Result<SocketAddr> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _guard = runtime.enter();
            listen(address)?
        };
        let bound = listener.local_addr()?;
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(&listener, &shared, role) => {}
                    // Sent nothing; ends when the origin is dropped.
                    _ = stopped.changed() => {}
                }
            });
        })?;
        self.threads.push(thread);
        Ok(bound)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        for thread in self.threads.drain(..) {
            // A panic there was told on standard error.
            let _ = thread.join();
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Who answers on a listener.
trait Role: Copy + Send + Sync + 'static {
    fn answer(
        self,
        shared: &Shared,
        request: Request<Incoming>,
    ) -> impl Future<Output = io::Result<Response<Body>>> + Send;

    /// Whether faults stop connections too.
    const FAULTY: bool;
}

#[derive(Clone, Copy)]
struct Public;

impl Role for Public {
    const FAULTY: bool = true;

    async fn answer(self, shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Body>> {
        answer::answer(shared, request).await
    }
}

#[derive(Clone, Copy)]
struct Admin;

impl Role for Admin {
    const FAULTY: bool = false;

    async fn answer(self, shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Body>> {
        Ok(admin::answer(shared, &request))
    }
}

async fn accept<R: Role>(listener: &TcpListener, shared: &Arc<Shared>, role: R) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: some connection must end first.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        if R::FAULTY {
            shared.faults.thawed().await;
            if shared.faults.now().is_some_and(|set| set.refuse) {
                continue;
            }
        }
        tokio::spawn(connection(stream, Arc::clone(shared), role));
    }
}

async fn connection<R: Role>(stream: TcpStream, shared: Arc<Shared>, role: R) {
    let counted = Arc::clone(&shared);
    let _opened = counted.stats.opened();
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { role.answer(&shared, request).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().keep_alive(true);
    builder.http2().max_concurrent_streams(10_000);
    // An error is the peer's end or a fault of ours; neither is news here.
    let _ = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}
