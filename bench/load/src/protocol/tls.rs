//! TLS by rustls: whom to believe, and which protocol was agreed on.

use super::connect::{ConnectorError, Options, Target, Trust, Version};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{io, sync::Arc};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A connector for this target, and the name that its certificate must carry.
pub(super) fn connector(
    target: &Target,
    options: &Options,
) -> Result<(TlsConnector, ServerName<'static>), ConnectorError> {
    let wrong = |reason: String| ConnectorError::Tls {
        host: target.host().to_owned(),
        reason,
    };
    let name = ServerName::try_from(target.host().to_owned()).map_err(|error| wrong(error.to_string()))?;
    let mut config = configuration(options.trust.as_ref()).map_err(wrong)?;
    config.alpn_protocols = vec![protocol(options.version).to_vec()];
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::Http1 => b"http/1.1",
        Version::Http2 => b"h2",
    }
}

/// HTTP/2 must have been agreed on; HTTP/1.1 is also what a server without ALPN speaks.
pub(super) fn check_protocol<S>(stream: &TlsStream<S>, version: Version) -> io::Result<()> {
    let agreed = stream.get_ref().1.alpn_protocol();
    if agreed == Some(protocol(version)) || (agreed.is_none() && version == Version::Http1) {
        return Ok(());
    }
    let agreed = agreed.map_or("no protocol".into(), String::from_utf8_lossy);
    let wanted = String::from_utf8_lossy(protocol(version));
    Err(io::Error::other(format!("TLS agreed on {agreed}, not on {wanted}")))
}

fn configuration(trust: Option<&Trust>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let roots = match trust {
        None => return Err("say whom to trust: a PEM file with the issuer's certificate, or insecure".to_owned()),
        Some(Trust::Insecure) => {
            return Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
                .with_no_client_auth());
        }
        Some(Trust::File(path)) => {
            let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            roots(&text).map_err(|reason| format!("{}: {reason}", path.display()))?
        }
        Some(Trust::Pem(text)) => roots(text.as_bytes())?,
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("not PEM: {error}"))?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(store)
}

/// Believes every certificate. Signatures are still verified, so that the handshake costs what it costs otherwise.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
