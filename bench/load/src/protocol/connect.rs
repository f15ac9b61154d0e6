//! Where to, and how: targets, connectors, and the streams they open.

mod local;
mod stream;
mod target;

pub use stream::Stream;
pub use target::Target;

use super::tls;
use crate::Failure;
use rustls::pki_types::ServerName;
use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those that the certificates in this PEM file vouch for.
    File(PathBuf),
    /// The same, as the PEM text itself.
    Pem(String),
    /// All. The name is not checked either.
    Insecure,
}

/// The version of HTTP that is spoken. It is never negotiated down: a target that speaks another fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// HTTP/1.1, kept alive, a connection for each client.
    #[default]
    Http1,
    /// HTTP/2: by ALPN over TLS, otherwise with prior knowledge. Clients of a thread share connections.
    Http2,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version of HTTP.
    pub version: Version,
    /// Until TCP and TLS are up. Default: 5 s.
    pub connect_timeout: Duration,
    /// Needed where the target speaks TLS.
    pub trust: Option<Trust>,
    /// HTTP/2: how many clients share a connection, at least 1. Stay within the target's own limit: streams above it wait
    /// in the client, and that wait would count as the target's. Default: 32.
    pub streams: u32,
    /// The address that connections come from; the kernel's choice without it. All of 127.0.0.0/8 is this machine, so that
    /// clients of one generator can be as many to a target that bounds each address.
    pub local: Option<IpAddr>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::Http1,
            connect_timeout: Duration::from_secs(5),
            trust: None,
            streams: 32,
            local: None,
        }
    }
}

/// A target or an option that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Not an address.
    #[error("the target \"{url}\" cannot be used: {reason}")]
    Target {
        /// As given.
        url: String,
        /// What is wrong, and the cure.
        reason: String,
    },
    /// The host has no address.
    #[error("the host \"{host}\" cannot be resolved: {reason}")]
    Resolve {
        /// As given.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Certificates are missing or unreadable.
    #[error("TLS to \"{host}\" cannot be set up: {reason}")]
    Tls {
        /// As given.
        host: String,
        /// What is wrong, and the cure.
        reason: String,
    },
}

/// Opens connections to one target. Cheap to clone; shared by all threads.
#[derive(Clone)]
pub struct Connector {
    shared: Arc<Inner>,
    /// See [`Options::local`].
    local: Option<IpAddr>,
}

struct Inner {
    /// Tells connectors apart where connections are shared.
    id: u64,
    target: Target,
    options: Options,
    addresses: Vec<SocketAddr>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    opened: AtomicU64,
    reconnects: AtomicU64,
}

impl Connector {
    /// Resolves the host, once, and reads the certificates.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    pub fn new(target: Target, options: Options) -> Result<Self, ConnectorError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unresolved = |reason: String| ConnectorError::Resolve {
            host: target.host().to_owned(),
            reason,
        };
        let addresses: Vec<_> = (target.host(), target.port())
            .to_socket_addrs()
            .map_err(|error| unresolved(error.to_string()))?
            .collect();
        if addresses.is_empty() {
            return Err(unresolved("it has no address".to_owned()));
        }
        let tls = if target.is_tls() {
            Some(tls::connector(&target, &options)?)
        } else {
            None
        };
        Ok(Self {
            local: options.local,
            shared: Arc::new(Inner {
                id: NEXT.fetch_add(1, Ordering::Relaxed),
                target,
                options,
                addresses,
                tls,
                opened: AtomicU64::new(0),
                reconnects: AtomicU64::new(0),
            }),
        })
    }

    /// The same from an address of this client's own, where the target is on this machine and its clients do not share
    /// connections: a target that bounds each address would take them all for one.
    #[must_use]
    pub fn of_client(&self, number: u32) -> Self {
        let here = self.shared.addresses.iter().all(|address| address.ip().is_loopback());
        let has_v4 = self.shared.addresses.iter().any(SocketAddr::is_ipv4);
        let exclusive = self.shared.options.version == Version::Http1;
        let mut own = self.clone();
        if here && has_v4 && exclusive && own.local.is_none() {
            own.local = Some(local::of(number));
        }
        own
    }

    /// Where to.
    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// How.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Connections opened so far, by all threads.
    pub fn opened(&self) -> u64 {
        self.shared.opened.load(Ordering::Relaxed)
    }

    /// How many of them replaced one that the target had closed or that had failed.
    pub fn reconnects(&self) -> u64 {
        self.shared.reconnects.load(Ordering::Relaxed)
    }

    pub(super) fn id(&self) -> u64 {
        self.shared.id
    }

    pub(super) fn count_reconnect(&self) {
        self.shared.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens a stream: TCP without delay, then TLS where the target wants it, with ALPN for [`Options::version`].
    ///
    /// # Errors
    /// `connect`, with what stood in the way.
    pub async fn connect(&self) -> Result<Stream, Failure> {
        let limit = self.shared.options.connect_timeout;
        match tokio::time::timeout(limit, self.handshake()).await {
            Ok(Ok(stream)) => {
                self.shared.opened.fetch_add(1, Ordering::Relaxed);
                Ok(stream)
            }
            Ok(Err(error)) => Err(self.failure(&error)),
            Err(_) => Err(self.failure(&format_args!("nothing within {limit:?}"))),
        }
    }

    async fn handshake(&self) -> io::Result<Stream> {
        let tcp = self.tcp().await?;
        tcp.set_nodelay(true)?;
        let Some((connector, name)) = &self.shared.tls else {
            return Ok(Stream::Plain(tcp));
        };
        let stream = connector.connect(name.clone(), tcp).await?;
        tls::check_protocol(&stream, self.shared.options.version)?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    async fn tcp(&self) -> io::Result<TcpStream> {
        let Some(local) = self.local else {
            return TcpStream::connect(self.shared.addresses.as_slice()).await;
        };
        let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address of the local one's family");
        for address in self
            .shared
            .addresses
            .iter()
            .filter(|address| address.is_ipv4() == local.is_ipv4())
        {
            let socket = if local.is_ipv4() {
                TcpSocket::new_v4()
            } else {
                TcpSocket::new_v6()
            }?;
            socket.bind(SocketAddr::new(local, 0))?;
            match socket.connect(*address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn failure(&self, reason: &dyn std::fmt::Display) -> Failure {
        Failure::new("connect", format!("{}: {reason}", self.shared.target.authority()))
    }
}
