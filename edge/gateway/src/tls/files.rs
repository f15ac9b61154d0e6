//! Certificates and keys as files hold them.

use super::PROVIDER;
use crate::generation::{KeyText, Source};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Why certificates are of no use.
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
    /// The system vouches for nobody.
    #[error(
        "the system has no certificates that vouch for others: {0}; install `ca-certificates`, or name a `ca_file`"
    )]
    System(String),
    /// They do not go together.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// A file of PEM blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PemFile {
    name: PathBuf,
    text: KeyText,
}

impl PemFile {
    /// What was read of a file that the configuration names.
    pub(super) fn of(source: &Source, name: &Path) -> Self {
        Self {
            name: name.to_owned(),
            text: source.keys.get(name).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn wrong(&self, why: &impl ToString) -> TlsError {
        TlsError::File {
            file: self.name.display().to_string(),
            why: why.to_string(),
        }
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.text.as_bytes()).collect();
        chain.map_err(|error| self.wrong(&error))
    }

    /// Until when its first certificate is valid.
    pub(super) fn not_after(&self) -> Option<SystemTime> {
        edge_config::not_after(self.text.as_str())
    }

    /// Its certificates, as those who vouch for others.
    pub(super) fn authorities(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for root in self.chain()? {
            roots.add(root).map_err(|error| self.wrong(&error))?;
        }
        Ok(roots)
    }
}

/// A certificate, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    certificate: PemFile,
    key: PemFile,
}

impl Pair {
    /// What was read of the files that the configuration names.
    pub(super) fn of(source: &Source, pair: &edge_config::Certificate) -> Self {
        Self {
            certificate: PemFile::of(source, &pair.cert_file),
            key: PemFile::of(source, &pair.key_file),
        }
    }

    /// Both, ready to sign.
    pub(super) fn certified(&self) -> Result<CertifiedKey, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(self.key.text.as_bytes()).map_err(|error| self.key.wrong(&error))?;
        let certified = CertifiedKey::from_der(self.certificate.chain()?, key, &PROVIDER);
        certified.map_err(|error| self.certificate.wrong(&error))
    }
}
