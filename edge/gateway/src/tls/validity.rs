//! Until when the edge's own certificates are valid: whoever watches it wants to know in time.

use super::files::PemFile;
use crate::generation::Source;
use edge_config::Certificate;
use std::time::{SystemTime, UNIX_EPOCH};

/// A certificate of the edge's own.
#[derive(Debug)]
pub(crate) struct Validity {
    /// With whom it is used: `listeners.https`, `upstreams.posts`.
    pub(crate) used_by: String,
    /// Its file, as the configuration names it.
    pub(crate) file: String,
    /// Its end.
    pub(crate) not_after: SystemTime,
}

impl Validity {
    /// Those of a configuration, in its order. One that cannot be read was refused already.
    pub(crate) fn all(source: &Source) -> Vec<Self> {
        let config = &source.config;
        let clients = { config.listeners.https.iter() }
            .flat_map(|https| &https.tls.certificates)
            .map(|own| ("listeners.https".to_owned(), own));
        let services = config.upstreams.iter().filter_map(|(name, upstream)| {
            let own = upstream.tls.as_ref()?.certificate.as_ref()?;
            Some((format!("upstreams.{name}"), own))
        });
        let all = clients.chain(services);
        all.filter_map(|(used_by, own)| Self::of(source, used_by, own))
            .collect()
    }

    fn of(source: &Source, used_by: String, own: &Certificate) -> Option<Self> {
        Some(Self {
            used_by,
            file: own.cert_file.display().to_string(),
            not_after: PemFile::of(source, &own.cert_file).not_after()?,
        })
    }

    /// Its end, seconds since the Unix epoch.
    pub(crate) fn unix_seconds(&self) -> u64 {
        let since = self.not_after.duration_since(UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    }
}
