//! Certificates and the other files that a configuration names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Config, Diagnostic, Surroundings};
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm,
};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

const DAY: u64 = 86_400;
/// When the tests' certificates begin, and how long they are valid.
const BEGIN_YEAR: i32 = 2030;
const BEGIN: u64 = 1_893_456_000;
const VALID_DAYS: u64 = 365;

const FILE: &str = r#"version: 1
admin: { bind: "127.0.0.1:9901" }
listeners:
  http: { bind: "0.0.0.0:8080" }
  https: { bind: "0.0.0.0:8443", tls: { certificates: [{ cert_file: edge.pem, key_file: edge.key }] } }
redis: { url: "redis://127.0.0.1:6379" }
upstreams: { posts: { targets: ["127.0.0.1:3002"] } }
routes: { posts: { match: { path_prefix: /api/posts }, upstream: posts } }
"#;

fn pair(algorithm: &'static SignatureAlgorithm) -> (String, String) {
    pair_of(algorithm, &["edge.example"])
}

fn pair_of(algorithm: &'static SignatureAlgorithm, names: &[&str]) -> (String, String) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(BEGIN_YEAR, 1, 1);
    params.not_after = rcgen::date_time_ymd(BEGIN_YEAR + 1, 1, 1);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn folder(cert: &str, key: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edge.pem"), cert).unwrap();
    fs::write(folder.path().join("edge.key"), key).unwrap();
    folder
}

/// What is told of a file, so many days after the certificates' begin.
fn told_of(text: &str, root: &Path, days: i64) -> Vec<String> {
    let file = root.join("edge.yaml");
    fs::write(&file, text).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(BEGIN.saturating_add_signed(days * DAY as i64));
    let around = Surroundings {
        root,
        now,
        ..Surroundings::new(&|_| None)
    };
    let all: Vec<Diagnostic> = Config::load_in(&file, &around).map_or_else(|all| all, |loaded| loaded.warnings);
    all.iter().map(ToString::to_string).collect()
}

fn told(cert: &str, key: &str, days: i64) -> Vec<String> {
    let folder = folder(cert, key);
    told_of(FILE, folder.path(), days)
}

#[test]
fn a_pair_that_fits_is_fine_whatever_its_kind() {
    for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        let (cert, key) = pair(algorithm);
        assert_eq!(told(&cert, &key, 30), [""; 0], "{algorithm:?}");
        let chain = format!("{cert}{}", pair(algorithm).0);
        assert_eq!(told(&chain, &key, 30), [""; 0], "the first one counts");
    }
}

#[test]
fn certificates_must_be_valid_now() {
    let (cert, key) = pair(&PKCS_ED25519);
    let path = "edge.yaml:5:69 listeners.https.tls.certificates.0.cert_file:";
    let days = |days| told(&cert, &key, days);
    assert_eq!(days(365 - 14 - 1), [""; 0]);
    assert_eq!(
        days(365 - 14 + 1),
        [format!("W409 {path} edge.pem expires in 13 days; renew it")]
    );
    assert_eq!(
        days(VALID_DAYS as i64 + 3),
        [format!("W409 {path} edge.pem expired 3 days ago; renew it")]
    );
    let early = format!("E212 {path} edge.pem is valid only in 3 days; check the clock, or use one that is valid now");
    assert_eq!(days(-3), [early]);
}

#[test]
fn a_key_must_be_the_certificates_own() {
    let (cert, key) = pair(&PKCS_ECDSA_P256_SHA256);
    let (_, other) = pair(&PKCS_ECDSA_P256_SHA256);
    let path = "edge.yaml:5:89 listeners.https.tls.certificates.0.key_file:";
    let mismatch = "edge.key is not the key of edge.pem; give the one that the certificate was made for";
    assert_eq!(told(&cert, &other, 1), [format!("E212 {path} {mismatch}")]);
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert!(told(&cert, &encrypted, 1)[0].contains("edge.key is encrypted"));
    assert!(told(&cert, &cert, 1)[0].contains("edge.key holds a certificate and no private key"));
    assert!(told(&cert, "", 1)[0].contains("edge.key holds no private key"));
    let damaged = key.replacen("M", "N", 3);
    let all = told(&cert, &damaged, 1);
    assert!(
        all[0].starts_with("E211") && !all[0].contains(&damaged[30..60]),
        "{all:?}"
    );
}

#[test]
fn files_of_the_wrong_kind_are_told() {
    let (cert, key) = pair(&PKCS_ED25519);
    let swapped = "cert_file holds the key and key_file the certificate; swap them";
    assert_eq!(
        told(&key, &cert, 1),
        [format!(
            "E211 edge.yaml:5:56 listeners.https.tls.certificates.0: {swapped}"
        )]
    );
    assert!(told(&key, &key, 1)[0].contains("edge.pem holds a private key and no certificate"));
    assert!(told("hello", &key, 1)[0].contains("edge.pem holds no certificate"));
    let damaged = cert.replacen("MII", "MIJ", 1);
    assert!(told(&damaged, &key, 1)[0].contains("edge.pem holds a certificate that cannot be read"));
}

#[test]
fn files_that_are_not_there_are_told_each_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let all = told_of(FILE, folder.path(), 1);
    let missing =
        |told: &str, at: &str, file: &str| told.starts_with(&format!("E210 edge.yaml:5:{at}")) && told.contains(file);
    assert!(missing(&all[0], "69", "there is no file edge.pem"), "{all:?}");
    assert!(missing(&all[1], "89", "there is no file edge.key"), "{all:?}");
    assert_eq!(all.len(), 2);
}

#[test]
fn a_certificate_that_no_client_gets_is_told() {
    let told = |others: &[&str]| {
        let (first, key) = pair_of(&PKCS_ED25519, &["Edge.example", "*.b.example"]);
        let folder = folder(&first, &key);
        let (second, key) = pair_of(&PKCS_ED25519, others);
        fs::write(folder.path().join("two.pem"), second).unwrap();
        fs::write(folder.path().join("two.key"), key).unwrap();
        let text = FILE.replace("edge.key }]", "edge.key }, { cert_file: two.pem, key_file: two.key }]");
        told_of(&text, folder.path(), 1)
    };
    assert_eq!(told(&["other.example"]), [""; 0]);
    assert_eq!(told(&["edge.example", "a.b.example"]), [""; 0], "one of them is new");
    let words = "two.pem has no name that those before it have not, so that no client gets it; take it out";
    assert_eq!(
        told(&["edge.example", "*.b.example"]),
        [format!(
            "W401 edge.yaml:5:101 listeners.https.tls.certificates.1: {words}"
        )]
    );
}

#[test]
fn who_vouches_for_clients_and_services_and_who_the_edge_is_there_are_looked_at() {
    let (cert, key) = pair(&PKCS_ED25519);
    let (_, other) = pair(&PKCS_ED25519);
    let folder = folder(&cert, &key);
    fs::write(folder.path().join("other.key"), other).unwrap();
    let told = |https: &str, upstream: &str| {
        let text = FILE
            .replace("edge.key }]", &format!("edge.key }}], {https}"))
            .replace("3002\"]", &format!("3002\"], tls: {{ {upstream} }}"));
        let all = told_of(&text, folder.path(), 1);
        all.iter()
            .map(|one| one.split_once(' ').unwrap())
            .map(|(code, rest)| (code.to_owned(), rest.to_owned()))
            .collect::<Vec<_>>()
    };
    let all_good = told(
        "client_auth: { ca_file: edge.pem }",
        "ca_file: edge.pem, certificate: { cert_file: edge.pem, key_file: edge.key }",
    );
    assert_eq!(all_good, []);
    for (https, upstream, code, place, words) in [
        (
            "client_auth: { ca_file: no.pem }",
            "",
            "E210",
            "client_auth.ca_file",
            "no.pem",
        ),
        (
            "client_auth: { ca_file: edge.key }",
            "",
            "E211",
            "client_auth.ca_file",
            "holds a private key and no certificate",
        ),
        ("client_auth: { mode: optional }", "", "E103", "client_auth", "ca_file"),
        (
            "client_auth: { ca_file: edge.pem, mode: maybe }",
            "",
            "E110",
            "client_auth.mode",
            "optional",
        ),
        ("min_version: \"1.1\"", "", "E110", "min_version", "1.2"),
        (
            "",
            "ca_file: edge.key",
            "E211",
            "upstreams.posts.tls.ca_file",
            "holds a private key and no certificate",
        ),
        (
            "",
            "certificate: { cert_file: edge.pem, key_file: other.key }",
            "E212",
            "posts.tls.certificate.key_file",
            "not the key of",
        ),
        (
            "",
            "certificate: { cert_file: edge.pem }",
            "E103",
            "posts.tls.certificate",
            "key_file",
        ),
        (
            "",
            "server_name: \"a b\"",
            "E110",
            "posts.tls.server_name",
            "not a host's name",
        ),
    ] {
        let all = told(https, upstream);
        let [(found, text)] = all.as_slice() else {
            panic!("{https} {upstream}: {all:?}")
        };
        assert!(
            found == code && text.contains(place) && text.contains(words),
            "{https} {upstream}: {all:?}"
        );
    }
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("redis-url");
    let text = FILE
        .replace("redis: { url: \"redis://127.0.0.1:6379\" }", "redis: { url_file: redis-url }")
        .replace("  https: { bind: \"0.0.0.0:8443\", tls: { certificates: [{ cert_file: edge.pem, key_file: edge.key }] } }\n", "");
    assert!(
        told_of(&text, folder.path(), 0)[0]
            .starts_with("E210 edge.yaml:5:20 redis.url_file: there is no file redis-url")
    );
    fs::write(&url, "hunter2").unwrap();
    let told = told_of(&text, folder.path(), 0);
    assert!(told[0].starts_with("E211") && !told[0].contains("hunter2"), "{told:?}");
    fs::write(&url, "redis://:hunter2@h:6379\n").unwrap();
    assert_eq!(told_of(&text, folder.path(), 0), [""; 0]);
    let root = folder.path();
    let around = Surroundings {
        root,
        now: SystemTime::now(),
        env: &|_| None,
    };
    let loaded = Config::load_in(&root.join("edge.yaml"), &around).unwrap();
    assert_eq!(loaded.config.redis.url, "redis://:hunter2@h:6379");
    assert!(!loaded.sources.effective().to_string().contains("hunter2"));
    assert_eq!(loaded.sources.get("redis.url").unwrap().origin.to_string(), "line 5");
}

#[test]
fn a_token_file_is_made_later_but_must_not_be_empty() {
    let folder = folder("", "");
    let text = FILE.replace("127.0.0.1:9901\" }", "127.0.0.1:9901\", token_file: admin.token }");
    let has = |text: &str, part: &str| told_of(text, folder.path(), 0).iter().any(|line| line.contains(part));
    assert!(!has(&text, "admin.token is empty"));
    fs::write(folder.path().join("admin.token"), "\n").unwrap();
    assert!(
        has(&text, "E211 edge.yaml:2:46 admin.token_file: admin.token is empty"),
        "{:?}",
        told_of(&text, folder.path(), 0)
    );
}
