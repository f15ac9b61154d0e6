//! TLS on both sides: with clients, and with services.

mod clients;
mod handover;
mod listener;
mod reloads;
mod roads;
mod services;
mod sessions;
mod strangers;

use crate::{
    origins::Origin,
    support::{Edge, PATIENCE, Setup, free_address},
};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};
use serde_json::Value;
use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Who vouches for others.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate made out to these names, and its key.
    fn vouch(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        (
            CertificateParams::new(names).unwrap().signed_by(&key, &self.0).unwrap(),
            key,
        )
    }

    /// The same, as TLS wants it.
    fn keys(&self, names: &[&str]) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.vouch(names);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        (vec![certificate.der().clone()], key)
    }

    /// It alone is believed.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    /// The same as files.
    fn write(&self, folder: &Path, file: &str, names: &[&str]) -> Vec<u8> {
        let (certificate, key) = self.vouch(names);
        fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
        fs::write(folder.join(format!("{file}.pem")), certificate.pem()).unwrap();
        certificate.der().to_vec()
    }

    /// A client that believes this authority, and has a certificate from it or none.
    fn client(&self, versions: &[&'static SupportedProtocolVersion], protocol: &[u8], own: bool) -> TlsConnector {
        self.client_of(versions, protocol, own.then_some(self))
    }

    /// The same with a certificate from anybody.
    fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocol: &[u8],
        own: Option<&Self>,
    ) -> TlsConnector {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots());
        let mut config = match own.map(|own| own.keys(&["client.example"])) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

/// An edge that speaks TLS too.
struct World {
    authority: Authority,
    setup: Setup,
    edge: Edge,
    https: SocketAddr,
    _posts: Origin,
}

/// `more` are keys of `listeners.https`, `tls` keys of its `tls`, `http` keys of `listeners.http`.
async fn world(http: &str, more: &str, tls: &str) -> World {
    world_of(Setup::new(), http, more, tls).await
}

async fn world_of(setup: Setup, http: &str, more: &str, tls: &str) -> World {
    let (setup, posts) = setup.origin("POSTS").await;
    let authority = Authority::new();
    let https = free_address();
    let folder = setup.file("");
    authority.write(&folder, "one", &["one.example", "localhost"]);
    authority.write(&folder, "two", &["*.two.example"]);
    fs::write(folder.join("ca.pem"), authority.0.pem()).unwrap();
    let at = |file: &str| folder.join(file).display().to_string();
    let listeners = format!(
        "listeners:
  http: {{ bind: \"${{EDGE_BIND}}\"{http} }}
  https:
    bind: \"{https}\"
{more}
    tls:
{tls}
      certificates:
        - {{ cert_file: \"{}\", key_file: \"{}\" }}
        - {{ cert_file: \"{}\", key_file: \"{}\" }}
",
        at("one.pem"),
        at("one.key"),
        at("two.pem"),
        at("two.key")
    );
    let before = "listeners:\n  http: { bind: \"${EDGE_BIND:-0.0.0.0:8080}\" }\n";
    let text = setup.text();
    assert!(text.contains(before));
    fs::write(setup.file("edge.yaml"), text.replace(before, &listeners)).unwrap();
    let edge = setup.start().await;
    World {
        authority,
        setup,
        edge,
        https,
        _posts: posts,
    }
}

impl World {
    async fn connect(&self, connector: &TlsConnector, name: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.https).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        timeout(PATIENCE, connector.connect(name, stream)).await?
    }

    fn client(&self) -> TlsConnector {
        self.authority.client(BOTH, b"http/1.1", false)
    }
}

/// One request on a connection of its own: the whole answer as text.
async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), path: &str) -> io::Result<String> {
    ask_with(stream, path, "").await
}

async fn ask_with(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    path: &str,
    fields: &str,
) -> io::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: one.example\r\n{fields}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// What the origin saw, which it echoes.
fn seen(answer: &str) -> Value {
    let begin = answer.find('{').unwrap();
    let end = answer.rfind('}').unwrap();
    serde_json::from_str(&answer[begin..=end]).unwrap()
}
