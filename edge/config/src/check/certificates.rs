//! Certificates: each is valid now, and goes with its key.

use super::{Files, Report, files::read};
use crate::{
    Certificate, Config,
    diagnose::code,
    pem::{self, Pem},
};
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// A certificate that ends sooner than this is told of.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn check(config: &Config, files: &Files<'_>, report: &mut Report<'_>) {
    let pairs = config.listeners.https.iter().flat_map(|https| &https.tls.certificates);
    for (index, pair) in pairs.enumerate() {
        let index = index.to_string();
        let path = ["listeners", "https", "tls", "certificates", &index];
        self::pair(pair, &path, files, report);
    }
    let clients = { config.listeners.https.as_ref() }.and_then(|https| https.tls.client_auth.as_ref());
    if let Some(clients) = clients {
        let path = ["listeners", "https", "tls", "client_auth", "ca_file"];
        authorities(&clients.ca_file, &path, files, report);
    }
    for (name, upstream) in &config.upstreams {
        if let Some(file) = upstream.tls.as_ref().and_then(|tls| tls.ca_file.as_ref()) {
            authorities(file, &["upstreams", name, "tls", "ca_file"], files, report);
        }
    }
}

/// A file with those who vouch for others.
fn authorities(file: &Path, path: &[&str], files: &Files<'_>, report: &mut Report<'_>) {
    let Some(text) = read(file, path, files, report) else {
        return;
    };
    if let Err(words) = chain(file, &text) {
        report.add(code::BAD_FILE, path, words);
    }
}

fn pair(pair: &Certificate, path: &[&str], files: &Files<'_>, report: &mut Report<'_>) {
    let at = |key| [path, &[key]].concat();
    let (cert, key) = (at("cert_file"), at("key_file"));
    let texts = (
        read(&pair.cert_file, &cert, files, report),
        read(&pair.key_file, &key, files, report),
    );
    let (Some(cert_text), Some(key_text)) = texts else {
        return;
    };
    if pem::holds_key(&cert_text) && !pem::holds_key(&key_text) && pem::holds_certificate(&key_text) {
        let words = "cert_file holds the key and key_file the certificate; swap them";
        report.add(code::BAD_FILE, path, words);
        return;
    }
    let leaf = match chain(&pair.cert_file, &cert_text) {
        Ok(leaf) => leaf,
        Err(words) => return report.add(code::BAD_FILE, &cert, words),
    };
    if let Some((code, words)) = validity(&pair.cert_file, &leaf, files.now) {
        report.add(code, &cert, words);
    }
    match pem::public_key(&key_text) {
        Err(words) => report.add(code::BAD_FILE, &key, format!("{} {words}", pair.key_file.display())),
        Ok(public) if public != leaf.public_key => {
            let words = format!(
                "{} is not the key of {}; give the one that the certificate was made for",
                pair.key_file.display(),
                pair.cert_file.display()
            );
            report.add(code::CERTIFICATE, &key, words);
        }
        Ok(_) => {}
    }
}

/// The first certificate of a file.
fn chain(file: &Path, text: &str) -> Result<Pem, String> {
    pem::certificate(text).map_err(|words| format!("{} {words}", file.display()))
}

fn validity(file: &Path, leaf: &Pem, now: SystemTime) -> Option<(&'static str, String)> {
    let name = file.display();
    let days = |from: SystemTime, to: SystemTime| to.duration_since(from).unwrap_or_default().as_secs() / 86_400;
    if now > leaf.not_after {
        let ago = days(leaf.not_after, now);
        return Some((code::CERTIFICATE, format!("{name} expired {ago} days ago; renew it")));
    }
    if now < leaf.not_before {
        let left = days(now, leaf.not_before);
        let words = format!("{name} is valid only in {left} days; check the clock, or use one that is valid now");
        return Some((code::CERTIFICATE, words));
    }
    if now + SOON > leaf.not_after {
        let left = days(now, leaf.not_after);
        return Some((code::EXPIRING, format!("{name} expires in {left} days; renew it")));
    }
    None
}
