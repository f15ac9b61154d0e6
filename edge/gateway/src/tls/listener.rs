//! How clients are spoken to over TLS.

use super::{
    PROVIDER, TlsError,
    certificates::Certificates,
    files::{Pair, PemFile},
    order::Configs,
};
use crate::generation::Source;
use edge_config::{ClientAuthMode, TlsVersion};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    server::{ProducesTickets, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use std::sync::Arc;

/// Protocols over TLS, the preferred first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Keeps sessions for those who come back (RFC 8446, section 2.2), whatever was reloaded since. Its keys change every few hours by
/// themselves, and leave the process with it.
#[derive(Clone)]
struct Tickets {
    /// Whom they were given to: who comes back with a ticket is not asked for a certificate again.
    clients: Option<Clients>,
    /// Makes and reads them; nobody's are kept where the system has no randomness.
    maker: Option<Arc<dyn ProducesTickets>>,
}

/// Certificates of clients.
#[derive(Clone, PartialEq, Eq)]
struct Clients {
    authorities: PemFile,
    mode: ClientAuthMode,
}

impl Clients {
    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let roots = Arc::new(self.authorities.authorities()?);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&PROVIDER));
        let builder = match self.mode {
            ClientAuthMode::Required => builder,
            ClientAuthMode::Optional => builder.allow_unauthenticated(),
        };
        builder.build().map_err(|error| self.authorities.wrong(&error))
    }
}

impl Tickets {
    /// Those of `before`, if they were given under the same terms; else new ones, and old tickets count for nothing.
    fn of(clients: Option<Clients>, before: Option<&Self>) -> Self {
        match before {
            Some(before) if before.clients == clients => before.clone(),
            _ => Self {
                clients,
                maker: ring::Ticketer::new().ok(),
            },
        }
    }
}

/// What the edge speaks TLS to clients with.
pub(crate) struct ListenerKeys {
    /// Shakes hands.
    pub(crate) configs: Configs,
    /// Knows clients again.
    tickets: Tickets,
}

impl ListenerKeys {
    /// Those of a configuration; `None` where nothing listens for TLS. `before` are those that serve until now.
    ///
    /// # Errors
    /// A file is of no use.
    pub(crate) fn of(source: &Source, before: Option<&Self>) -> Result<Option<Self>, TlsError> {
        let Some(https) = &source.config.listeners.https else {
            return Ok(None);
        };
        let clients = https.tls.client_auth.as_ref().map(|clients| Clients {
            authorities: PemFile::of(source, &clients.ca_file),
            mode: clients.mode,
        });
        let versions: &[&SupportedProtocolVersion] = match https.tls.min_version {
            TlsVersion::V1_2 => &[&TLS13, &TLS12],
            TlsVersion::V1_3 => &[&TLS13],
        };
        let pairs = https.tls.certificates.iter();
        let keys = pairs.map(|pair| Pair::of(source, pair).certified());
        let certificates = Certificates::new(keys.collect::<Result<_, _>>()?);
        let certificates = Arc::new(certificates);
        let verifier = clients.as_ref().map(Clients::verifier).transpose()?;
        let tickets = Tickets::of(clients, before.map(|before| &before.tickets));
        let config = |provider: &Arc<CryptoProvider>| {
            let builder = ServerConfig::builder_with_provider(Arc::clone(provider)).with_protocol_versions(versions)?;
            let builder = match &verifier {
                Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
                None => builder.with_no_client_auth(),
            };
            let mut config = builder.with_cert_resolver(Arc::clone(&certificates) as Arc<_>);
            config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
            if let Some(maker) = &tickets.maker {
                config.ticketer = Arc::clone(maker);
            }
            Ok::<_, TlsError>(config)
        };
        Ok(Some(Self {
            configs: Configs::make(config)?,
            tickets,
        }))
    }
}
