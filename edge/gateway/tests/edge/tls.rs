//! The listener with TLS: who it is, what it speaks, and what it tells.

use crate::support::{Edge, PATIENCE, Setup, free_address};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    version::{TLS12, TLS13},
};
use serde_json::Value;
use shared_testkit::eventually;
use std::{
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Who vouches for everybody here.
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

    /// The same as files.
    fn write(&self, folder: &Path, file: &str, names: &[&str]) -> Vec<u8> {
        let (certificate, key) = self.vouch(names);
        fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
        fs::write(folder.join(format!("{file}.pem")), certificate.pem()).unwrap();
        certificate.der().to_vec()
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion], protocol: &[u8], own: bool) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if own {
            let (certificate, key) = self.vouch(&["client.example"]);
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
            builder
                .with_client_auth_cert(vec![certificate.der().clone()], key)
                .unwrap()
        } else {
            builder.with_no_client_auth()
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
    _posts: crate::origins::Origin,
}

/// `more` are keys of `listeners.https`, `tls` keys of its `tls`, `http` keys of `listeners.http`.
async fn world(http: &str, more: &str, tls: &str) -> World {
    let (setup, posts) = Setup::new().origin("POSTS").await;
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
        self.authority.client(&[&TLS13, &TLS12], b"http/1.1", false)
    }
}

/// One request on a connection of its own: the whole answer as text.
async fn ask(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), path: &str) -> io::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: one.example\r\nconnection: close\r\n\r\n");
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

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_tls_are_requests_and_are_told_that_they_stay_there() {
    let world = world("", "    hsts: { max_age: 365d, include_subdomains: true }", "").await;
    for versions in [&[&TLS13][..], &[&TLS12]] {
        let connector = world.authority.client(versions, b"http/1.1", false);
        let mut stream = world.connect(&connector, "one.example").await.unwrap();
        let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let hsts = "strict-transport-security: max-age=31536000; includeSubDomains\r\n";
        assert!(answer.contains(hsts), "{answer}");
        assert_eq!(seen(&answer)["headers"]["x-forwarded-proto"][0], "https");
    }
    let plain = world.edge.client().get("/api/posts/health").await.expect_status(200);
    assert_eq!(plain.header("strict-transport-security"), None);
    assert_eq!(plain.json()["headers"]["x-forwarded-proto"][0], "http");
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_agreed_on() {
    let world = world("", "", "").await;
    let connector = world.authority.client(&[&TLS13], b"h2", false);
    let stream = world.connect(&connector, "one.example").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://one.example/api/posts/health").body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let seen: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_decides_about_the_certificate_and_a_reload_swaps_it_without_a_failed_handshake() {
    let world = Arc::new(world("", "", "").await);
    let certificate = async |name: &str| {
        let stream = world.connect(&world.client(), name).await?;
        let chain = stream
            .get_ref()
            .1
            .peer_certificates()
            .map(<[CertificateDer<'_>]>::to_vec);
        Ok::<_, io::Error>(chain.unwrap()[0].to_vec())
    };
    let (one, two) = (
        certificate("one.example").await.unwrap(),
        certificate("a.two.example").await.unwrap(),
    );
    assert_ne!(one, two);
    let other = certificate("other.example").await.unwrap_err();
    assert!(other.to_string().contains("NotValidForName"), "{other}");

    let (is_over, failed, shaken) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let hands = async {
        while !is_over.load(Relaxed) {
            let shakes = futures::future::join_all((0..4).map(|_| certificate("one.example"))).await;
            failed.fetch_add(shakes.iter().filter(|shake| shake.is_err()).count() as u32, Relaxed);
            shaken.fetch_add(shakes.len() as u32, Relaxed);
        }
    };
    let swap = async {
        let mut before = one;
        for _ in 0..5 {
            // Certificate and key are two files, and in between they do not go together: such a state is not taken.
            let after = world.authority.write(&world.setup.file(""), "one", &["one.example"]);
            eventually(PATIENCE, || async {
                certificate("one.example").await.ok().filter(|now| *now == after)
            })
            .await;
            assert_ne!(before, after);
            before = after;
        }
        is_over.store(true, Relaxed);
    };
    tokio::join!(hands, swap);
    assert_eq!(failed.load(Relaxed), 0, "of {}", shaken.load(Relaxed));
    assert!(shaken.load(Relaxed) > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_and_strangers_are_refused() {
    let tls = |world: &World| world.setup.file("ca.pem").display().to_string();
    let new = world("", "", "      min_version: \"1.3\"").await;
    let old = new.authority.client(&[&TLS12], b"http/1.1", false);
    new.connect(&old, "one.example").await.unwrap_err();
    new.connect(&new.client(), "one.example").await.unwrap();

    for (mode, stranger_passes) in [("required", false), ("optional", true)] {
        let world = world("", "", "").await;
        let keys = format!(
            "    tls:\n      client_auth: {{ ca_file: \"{}\", mode: {mode} }}\n",
            tls(&world)
        );
        world.setup.rewrite("    tls:\n", &keys);
        world.edge.serves(2).await;
        let known = world.authority.client(&[&TLS13], b"http/1.1", true);
        let mut stream = world.connect(&known, "one.example").await.unwrap();
        let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // With TLS 1.3 a client learns of it when it reads.
        let asked = async {
            let mut stream = world.connect(&world.client(), "one.example").await?;
            ask(&mut stream, "/api/posts/health").await
        };
        assert_eq!(
            asked.await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")),
            stranger_passes,
            "{mode}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_tls_are_sent_there() {
    let world = world(", redirect_to_https: true", "", "").await;
    let port = world.https.port();
    let client = world.edge.client().header("host", "one.example:8080");
    let answer = client.get("/api/posts/a%20b?x=%31").await.expect_status(308);
    let location = format!("https://one.example:{port}/api/posts/a%20b?x=%31");
    assert_eq!(answer.header("location"), Some(&*location));
    client.get("/health").await.expect_status(200);
    let mut stream = world.connect(&world.client(), "one.example").await.unwrap();
    let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // It can be taken back without a new process.
    world.setup.rewrite(", redirect_to_https: true", "");
    world.edge.serves(2).await;
    client.get("/api/posts/health").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_no_tls_or_nothing_is_left() {
    let world = world("", "", "").await;
    world.setup.rewrite("header_timeout: 10s", "header_timeout: 1s");
    world.edge.serves(2).await;
    for bytes in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], b"", b"\x16\x03"] {
        let mut stream = TcpStream::connect(world.https).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // An alert, or the end.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    eventually(PATIENCE, || async {
        Some(world.edge.metric("edge_tls_handshakes_failed_total").await).filter(|failed| *failed >= 3.0)
    })
    .await;
}
