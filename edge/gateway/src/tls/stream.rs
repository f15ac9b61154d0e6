//! A connection behind TLS, as Pingora wants connections.

use super::Configs;
use crate::wrapped::writes_through;
use async_trait::async_trait;
use pingora_core::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType, raw_connect::ProxyDigest, tls::SslDigest,
};
use rustls::{ClientConfig, CommonState, HandshakeKind, pki_types::ServerName, server::Acceptor};
use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, TlsStream};

/// See the module.
pub(crate) struct TlsEnd {
    stream: TlsStream<Begun>,
    digest: Arc<SslDigest>,
}

impl TlsEnd {
    /// Shakes hands with a client. `bytes` of the connection were read already.
    ///
    /// # Errors
    /// The client does not speak TLS, or none that the edge speaks; it was told why.
    pub(crate) async fn accept(configs: &Configs, stream: Stream, bytes: Vec<u8>) -> io::Result<Self> {
        let begun = Begun {
            stream,
            read: (bytes, 0),
        };
        let start = LazyConfigAcceptor::new(Acceptor::default(), begun).await?;
        let config = configs.of(&start.client_hello());
        Ok(Self::of(start.into_stream(config).await?.into()))
    }

    /// Shakes hands with a service of that name.
    ///
    /// # Errors
    /// It is not who it should be, or does not want the edge; it was told why.
    pub(crate) async fn connect(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        stream: Stream,
    ) -> io::Result<Self> {
        let begun = Begun {
            stream,
            read: (Vec::new(), 0),
        };
        let connector = TlsConnector::from(Arc::clone(config));
        Ok(Self::of(connector.connect(name, begun).await?.into()))
    }

    fn of(stream: TlsStream<Begun>) -> Self {
        let digest = Arc::new(digest(stream.get_ref().1));
        Self { stream, digest }
    }

    /// Whether the other side came back with a session of before.
    pub(crate) fn is_resumed(&self) -> bool {
        self.stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    fn is_client(&self) -> bool {
        matches!(self.stream, TlsStream::Server(_))
    }

    fn below(&self) -> &Stream {
        &self.stream.get_ref().0.stream
    }
}

fn digest(connection: &CommonState) -> SslDigest {
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let cipher = connection.negotiated_cipher_suite();
    let cipher = cipher.and_then(|cipher| cipher.suite().as_str());
    // The certificate itself: there is no other place for it, and nobody asks for its digest.
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    SslDigest::new(
        cipher.unwrap_or_default(),
        version.unwrap_or_default(),
        None,
        None,
        certificate.map(|der| der.to_vec()).unwrap_or_default(),
    )
}

/// A connection of which something was read already, and how much of that has been given on.
struct Begun {
    stream: Stream,
    read: (Vec<u8>, usize),
}

impl AsyncRead for Begun {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (bytes, given) = &mut self.read;
        let rest = &bytes[*given..];
        if rest.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let some = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..some]);
        *given += some;
        if *given == bytes.len() {
            self.read = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

writes_through!(Begun, stream);

impl AsyncRead for TlsEnd {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        match read {
            // Many clients leave without a word. What they send has its own framing, so that nothing that was cut passes for whole.
            // A service's answer may end with its connection: there the word is needed.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof && self.is_client() => {
                Poll::Ready(Ok(()))
            }
            read => read,
        }
    }
}

writes_through!(TlsEnd, stream);

#[async_trait]
impl Shutdown for TlsEnd {
    async fn shutdown(&mut self) {
        // A client that is gone already cannot be told the end.
        let _ = AsyncWriteExt::shutdown(&mut self.stream).await;
    }
}

impl UniqueID for TlsEnd {
    fn id(&self) -> UniqueIDType {
        self.below().id()
    }
}

impl Ssl for TlsEnd {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        Some(Arc::clone(&self.digest))
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        match self.stream.get_ref().1.alpn_protocol()? {
            b"h2" => Some(ALPN::H2),
            _ => Some(ALPN::H1),
        }
    }
}

impl GetTimingDigest for TlsEnd {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.below().get_timing_digest()
    }
}

impl GetProxyDigest for TlsEnd {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.below().get_proxy_digest()
    }
}

impl GetSocketDigest for TlsEnd {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.below().get_socket_digest()
    }
}

impl Peek for TlsEnd {}

impl fmt::Debug for TlsEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.below().fmt(f)
    }
}
