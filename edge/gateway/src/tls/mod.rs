//! TLS with clients (RFC 8446, RFC 5246): the edge shakes hands itself, by the certificates of the generation that serves, so that a
//! reload changes them without a listener noticing.

mod certificates;
mod stream;

pub(crate) use stream::TlsClient;

use crate::generation::Source;
use certificates::Certificates;
use edge_config::{ClientAuth, ClientAuthMode, ListenerTls, TlsVersion};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ProducesTickets, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

/// Protocols over TLS, the preferred first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// One for the whole process: a client that comes back goes on with its session whatever was reloaded since. Its keys change every
/// few hours by themselves, and leave the process with it.
static TICKETS: LazyLock<Option<Arc<dyn ProducesTickets>>> = LazyLock::new(|| ring::Ticketer::new().ok());

/// Why a listener's certificates are of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file is not what it should be.
    #[error("{file}: {why}")]
    File {
        /// Which.
        file: String,
        /// Why not.
        why: String,
    },
    /// They do not go together.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

impl TlsError {
    fn file(file: &Path, why: impl ToString) -> Self {
        Self::File {
            file: file.display().to_string(),
            why: why.to_string(),
        }
    }
}

/// How clients are spoken to over TLS; `None` where nothing listens for it.
///
/// # Errors
/// A file is of no use.
pub(crate) fn server_config(source: &Source) -> Result<Option<Arc<ServerConfig>>, TlsError> {
    let Some(https) = &source.config.listeners.https else {
        return Ok(None);
    };
    let provider = Arc::new(ring::default_provider());
    let versions: &[&SupportedProtocolVersion] = match https.tls.min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let builder = match client_verifier(source, &https.tls, &provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates(source, &https.tls, &provider)?));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    if let Some(tickets) = &*TICKETS {
        config.ticketer = Arc::clone(tickets);
    }
    Ok(Some(Arc::new(config)))
}

fn certificates(source: &Source, tls: &ListenerTls, provider: &CryptoProvider) -> Result<Certificates, TlsError> {
    let keys = tls.certificates.iter().map(|pair| {
        let chain = chain(source, &pair.cert_file)?;
        let key = PrivateKeyDer::from_pem_slice(source.secret(&pair.key_file));
        let key = key.map_err(|error| TlsError::file(&pair.key_file, error))?;
        let certified = CertifiedKey::from_der(chain, key, provider);
        certified.map_err(|error| TlsError::file(&pair.cert_file, error))
    });
    Ok(Certificates::new(keys.collect::<Result<_, _>>()?))
}

fn chain(source: &Source, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(source.secret(file)).collect();
    chain.map_err(|error| TlsError::file(file, error))
}

/// Who judges clients' certificates, where they may or must have one.
fn client_verifier(
    source: &Source,
    tls: &ListenerTls,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(ClientAuth { ca_file, mode }) = &tls.client_auth else {
        return Ok(None);
    };
    let mut roots = RootCertStore::empty();
    for root in chain(source, ca_file)? {
        roots.add(root).map_err(|error| TlsError::file(ca_file, error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match mode {
        ClientAuthMode::Required => builder,
        ClientAuthMode::Optional => builder.allow_unauthenticated(),
    };
    let verifier = builder.build().map_err(|error| TlsError::file(ca_file, error))?;
    Ok(Some(verifier))
}
