//! Which certificate a client gets.

use rustls::{
    client::verify_server_name,
    pki_types::{DnsName, ServerName},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::Arc;

/// A listener's certificates: the first that is made out to the name a client asks for (SNI, RFC 6066, section 3), wildcards included,
/// else the first of all. A client that asks for another name then tells its user so, which is more use than a connection that breaks.
#[derive(Debug)]
pub(super) struct Certificates(Vec<Arc<CertifiedKey>>);

impl Certificates {
    /// These, in the order of the configuration.
    pub(super) fn new(keys: Vec<CertifiedKey>) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }

    fn of(&self, name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        let asked = name
            .and_then(|name| DnsName::try_from(name).ok())
            .map(ServerName::DnsName);
        let named = asked.and_then(|name| self.0.iter().find(|key| is_made_out_to(key, &name)));
        named.or_else(|| self.0.first())
    }
}

fn is_made_out_to(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of(hello.server_name()).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustls::{crypto::ring, pki_types::PrivateKeyDer};

    fn key(names: &[&str]) -> CertifiedKey {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        CertifiedKey::from_der(vec![made.cert.der().clone()], key, &ring::default_provider()).unwrap()
    }

    #[test]
    fn a_client_gets_the_first_that_is_made_out_to_the_name() {
        let all = [&["a.example"][..], &["*.b.example", "c.example"], &["x.b.example"]];
        let certificates = Certificates::new(all.map(key).into());
        for (name, index) in [
            (None, 0),
            (Some("a.example"), 0),
            (Some("A.Example"), 0),
            (Some("c.example"), 1),
            (Some("x.b.example"), 1),
            (Some("x.y.b.example"), 0),
            (Some("other.example"), 0),
            (Some("not a name"), 0),
        ] {
            let found = certificates.of(name).unwrap();
            assert!(Arc::ptr_eq(found, &certificates.0[index]), "{name:?}");
        }
    }
}
