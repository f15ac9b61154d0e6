//! Certificates: each goes with its key, and is of use.

use super::{Files, Report, files::read};
use crate::{
    Certificate, Config,
    diagnose::code,
    pem::{self, Pem},
};
use std::{
    collections::HashSet,
    path::Path,
    time::{Duration, SystemTime},
};

/// A certificate that ends sooner than this is told of.
const SOON: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn check(config: &Config, files: &Files<'_>, report: &mut Report<'_>) {
    let pairs = config.listeners.https.iter().flat_map(|https| &https.tls.certificates);
    let mut named = HashSet::new();
    for (index, pair) in pairs.enumerate() {
        let index = index.to_string();
        let path = ["listeners", "https", "tls", "certificates", &index];
        let Some(leaf) = self::pair(pair, &path, files, report) else {
            continue;
        };
        let is_asked_for = index == "0" || leaf.names.iter().any(|name| !named.contains(name));
        if !is_asked_for && report.is_whole(&path) {
            let words = format!(
                "{} has no name that those before it have not, so that no client gets it; take it out",
                pair.cert_file.display()
            );
            report.add(code::UNUSED, &path, words);
        }
        named.extend(leaf.names);
    }
    let clients = { config.listeners.https.as_ref() }.and_then(|https| https.tls.client_auth.as_ref());
    if let Some(clients) = clients {
        let path = ["listeners", "https", "tls", "client_auth", "ca_file"];
        authorities(&clients.ca_file, &path, files, report);
    }
    for (name, upstream) in &config.upstreams {
        let Some(tls) = &upstream.tls else { continue };
        if let Some(file) = &tls.ca_file {
            authorities(file, &["upstreams", name, "tls", "ca_file"], files, report);
        }
        if let Some(own) = &tls.certificate {
            pair(own, &["upstreams", name, "tls", "certificate"], files, report);
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

/// A certificate with its key. What comes back is the certificate, if it can be read.
fn pair(pair: &Certificate, path: &[&str], files: &Files<'_>, report: &mut Report<'_>) -> Option<Pem> {
    let at = |key| [path, &[key]].concat();
    let (cert, key) = (at("cert_file"), at("key_file"));
    let texts = (
        read(&pair.cert_file, &cert, files, report),
        read(&pair.key_file, &key, files, report),
    );
    let (Some(cert_text), Some(key_text)) = texts else {
        return None;
    };
    if pem::holds_key(&cert_text) && !pem::holds_key(&key_text) && pem::holds_certificate(&key_text) {
        let words = "cert_file holds the key and key_file the certificate; swap them";
        report.add(code::BAD_FILE, path, words);
        return None;
    }
    let leaf = match chain(&pair.cert_file, &cert_text) {
        Ok(leaf) => leaf,
        Err(words) => {
            report.add(code::BAD_FILE, &cert, words);
            return None;
        }
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
    Some(leaf)
}

/// The first certificate of a file.
fn chain(file: &Path, text: &str) -> Result<Pem, String> {
    pem::certificate(text).map_err(|words| format!("{} {words}", file.display()))
}

fn validity(file: &Path, leaf: &Pem, now: SystemTime) -> Option<(&'static str, String)> {
    let name = file.display();
    let days = |from: SystemTime, to: SystemTime| to.duration_since(from).unwrap_or_default().as_secs() / 86_400;
    if now > leaf.not_after {
        // A warning: an edge that does not start for it would be of less use still.
        let ago = days(leaf.not_after, now);
        return Some((code::EXPIRING, format!("{name} expired {ago} days ago; renew it")));
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
