//! Listeners: each has its own address, and the operators' is not for the world.

use super::Report;
use crate::{Config, diagnose::code};
use std::net::SocketAddr;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let http = config.listeners.http.bind;
    let https = config.listeners.https.as_ref().map(|https| https.bind);
    let mut told = |one: SocketAddr, path: &[&str], other: SocketAddr, name: &str| {
        if meet(one, other) {
            let words =
                format!("`{one}` and the address of {name} cannot both be listened on; give each a port of its own");
            report.add(code::CONTRADICTION, path, words);
        }
    };
    told(config.admin.bind, &["admin", "bind"], http, "listeners.http");
    if let Some(https) = https {
        told(config.admin.bind, &["admin", "bind"], https, "listeners.https");
        told(https, &["listeners", "https", "bind"], http, "listeners.http");
        let path = ["listeners", "https", "tls", "certificates"];
        if config
            .listeners
            .https
            .as_ref()
            .is_some_and(|https| https.tls.certificates.is_empty())
            && report.is_whole(&path)
        {
            report.bad_value(&path, "none; name at least one `{ cert_file: …, key_file: … }`");
        }
    }
    if config
        .listeners
        .https
        .as_ref()
        .is_some_and(|https| https.public_port == Some(0))
    {
        let path = ["listeners", "https", "public_port"];
        report.bad_value(&path, "port 0 does not exist; ports are 1 to 65535");
    }
    if config.listeners.http.redirect_to_https && https.is_none() && report.is_whole(&["listeners", "https"]) {
        let words = "nothing listens for TLS; add `listeners.https`, or take this out";
        report.add(code::CONTRADICTION, &["listeners", "http", "redirect_to_https"], words);
    }
    if !config.admin.bind.ip().is_loopback() && config.admin.token_file.is_none() {
        let words = format!(
            "whoever reaches `{}` sees what the edge does, and may change it; bind `127.0.0.1:{}`, or set `token_file`",
            config.admin.bind,
            config.admin.bind.port()
        );
        report.add(code::EXPOSED, &["admin", "bind"], words);
    }
}

/// Whether two listeners are in each other's way. Port 0 is any free one.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || everywhere)
}
