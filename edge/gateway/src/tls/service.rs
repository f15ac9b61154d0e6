//! How services are spoken to over TLS: who the edge is to them, and whom it believes to be them.

use super::{
    PROVIDER, TlsEnd, TlsError,
    files::{Pair, PemFile},
};
use crate::generation::Source;
use edge_config::UpstreamTls;
use pingora_core::protocols::Stream;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{InvalidDnsNameError, ServerName},
    sign::SingleCertAndKey,
};
use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The only protocol that the edge speaks to services (RFC 7301).
const PROTOCOL: &[u8] = b"http/1.1";

/// What an upstream's identity is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentitySettings {
    /// Who vouches for instances; those that the system believes, if nobody is named.
    authorities: Option<PemFile>,
    /// Who the edge is.
    own: Option<Pair>,
}

impl IdentitySettings {
    /// What was read of the files that the configuration names.
    pub(crate) fn of(source: &Source, tls: &UpstreamTls) -> Self {
        Self {
            authorities: tls.ca_file.as_ref().map(|file| PemFile::of(source, file)),
            own: tls.certificate.as_ref().map(|pair| Pair::of(source, pair)),
        }
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        if let Some(authorities) = &self.authorities {
            return authorities.authorities();
        }
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Some that nobody can read are in every system's store.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found
                .errors
                .first()
                .map_or_else(|| "none found".to_owned(), ToString::to_string);
            return Err(TlsError::System(why));
        }
        Ok(roots)
    }
}

/// One way to speak TLS. Connections are used again by those of the same identity alone.
pub(crate) struct Identity {
    number: u64,
    config: Arc<ClientConfig>,
}

impl Identity {
    /// Tells it from all others of the process; never 0.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Shakes hands with the instance of that name, over a connection of Pingora's.
    ///
    /// # Errors
    /// It is not who it should be, or does not want the edge.
    pub(crate) async fn shake_hands(&self, name: &str, stream: Stream) -> io::Result<Stream> {
        Ok(Box::new(
            TlsEnd::connect(&self.config, server_name(name)?, stream).await?,
        ))
    }

    /// The same over any connection.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn connect<S>(&self, name: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(server_name(name)?, stream).await
    }
}

fn server_name(name: &str) -> io::Result<ServerName<'static>> {
    let wrong = |error: InvalidDnsNameError| io::Error::new(io::ErrorKind::InvalidInput, error);
    ServerName::try_from(name.to_owned()).map_err(wrong)
}

/// The identities in use, by their numbers. Pingora's peer has room for a number and no more.
#[derive(Default)]
pub(crate) struct Identities {
    last: AtomicU64,
    known: RwLock<HashMap<u64, Weak<Identity>>>,
}

impl Identities {
    /// A new one.
    ///
    /// # Errors
    /// A file is of no use.
    pub(crate) fn make(&self, settings: &IdentitySettings) -> Result<Arc<Identity>, TlsError> {
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&PROVIDER)).with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(settings.roots()?);
        let mut config = match &settings.own {
            Some(pair) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair.certified()?))),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        let identity = Arc::new(Identity {
            number: self.last.fetch_add(1, Relaxed) + 1,
            config: Arc::new(config),
        });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, identity| identity.strong_count() > 0);
        known.insert(identity.number, Arc::downgrade(&identity));
        Ok(identity)
    }

    /// The one of that number, for as long as a generation has it.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Identity>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&number)?.upgrade()
    }
}
