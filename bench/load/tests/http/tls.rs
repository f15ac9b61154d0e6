//! TLS.

use super::{PATIENT, version};
use crate::common::{connector, get};
use bench_load::protocol::{Connection, Connector, Options, Target, Trust, Version};
use http::Response;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{io::Write, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server of any HTTP that answers `ok`, and its certificate in PEM. `cut` ends connections without TLS's own goodbye.
async fn server(alpn: &[&[u8]]) -> (SocketAddr, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await?;
                let service = service_fn(async |_| Ok::<_, std::convert::Infallible>(Response::new("ok".to_owned())));
                let server = auto::Builder::new(TokioExecutor::new());
                server
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .map_err(std::io::Error::other)
            });
        }
    });
    (address, cert.pem())
}

fn url(address: SocketAddr) -> String {
    format!("https://localhost:{}", address.port())
}

#[tokio::test(flavor = "local")]
async fn both_versions_are_spoken_to_a_certificate_that_is_trusted() {
    let (address, pem) = server(&[b"h2", b"http/1.1"]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    for trust in [Trust::Pem(pem), Trust::File(file.path().to_owned()), Trust::Insecure] {
        for speak in [Version::Http1, Version::Http2] {
            let options = Options {
                trust: Some(trust.clone()),
                ..version(speak)
            };
            let mut connection = Connection::open(&connector(&url(address), options)).await.unwrap();
            for _ in 0..2 {
                assert_eq!(connection.send(get("/"), PATIENT).await.unwrap().body, "ok");
            }
        }
    }
}

#[tokio::test(flavor = "local")]
async fn a_certificate_of_somebody_else_is_refused() {
    let (address, _) = server(&[]).await;
    let (_, other) = server(&[]).await;
    let options = Options {
        trust: Some(Trust::Pem(other)),
        ..Options::default()
    };
    let failure = Connection::open(&connector(&url(address), options))
        .await
        .err()
        .unwrap();
    assert_eq!(failure.kind, "connect");
    assert!(failure.detail.contains("certificate"), "{failure}");
}

#[tokio::test(flavor = "local")]
async fn the_name_must_be_the_certificates() {
    let (address, pem) = server(&[]).await;
    let options = Options {
        trust: Some(Trust::Pem(pem)),
        ..Options::default()
    };
    let failure = Connection::open(&connector(&format!("https://{address}"), options))
        .await
        .err()
        .unwrap();
    assert_eq!(failure.kind, "connect", "{failure}");
}

#[tokio::test(flavor = "local")]
async fn a_server_that_does_not_speak_h2_is_not_spoken_to_in_another_version() {
    for alpn in [&[b"http/1.1".as_slice()][..], &[]] {
        let (address, _) = server(alpn).await;
        let options = Options {
            trust: Some(Trust::Insecure),
            ..version(Version::Http2)
        };
        let failure = Connection::open(&connector(&url(address), options))
            .await
            .err()
            .unwrap();
        assert_eq!(failure.kind, "connect", "{failure}");
    }
}

#[tokio::test(flavor = "local")]
async fn a_server_that_does_not_speak_tls_is_a_connect_failure() {
    let origin = crate::common::origin();
    let options = Options {
        trust: Some(Trust::Insecure),
        ..Options::default()
    };
    let failure = Connection::open(&connector(&url(origin.address()), options))
        .await
        .err()
        .unwrap();
    assert_eq!(failure.kind, "connect", "{failure}");
}

#[test]
fn what_is_missing_for_tls_is_said() {
    let refused = |trust| {
        let target = Target::parse("https://localhost:1").unwrap();
        let options = Options {
            trust,
            ..Options::default()
        };
        Connector::new(target, options).err().expect("refused").to_string()
    };
    assert!(
        refused(None).contains("say whom to trust: a PEM file"),
        "{}",
        refused(None)
    );
    let nothing = refused(Some(Trust::Pem(String::new())));
    assert!(nothing.contains("it holds no certificate"), "{nothing}");
    let missing = refused(Some(Trust::File("/nowhere/ca.pem".into())));
    assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
}

#[test]
fn targets_are_read() {
    let target = Target::parse("https://[::1]:8443/api/").unwrap();
    assert_eq!((target.is_tls(), target.host(), target.port()), (true, "::1", 8443));
    assert_eq!((target.authority(), target.path()), ("[::1]:8443", "/api"));
    let target = Target::parse("http://news.example").unwrap();
    assert_eq!((target.is_tls(), target.port(), target.path()), (false, 80, ""));
    assert_eq!(Target::parse("wss://news.example").unwrap().port(), 443);
    for wrong in [
        "",
        "/path",
        "news.example:80",
        "ftp://news.example",
        "http://",
        "http://a@b",
        "http://a?b=c",
    ] {
        let error = Target::parse(wrong).unwrap_err().to_string();
        assert!(error.contains("cannot be used"), "{wrong}: {error}");
    }
}
