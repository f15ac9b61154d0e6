//! Who is believed about the client's address.

use super::Report;
use crate::{Config, diagnose::code};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let https = config.listeners.https.as_ref();
    for (listener, wants) in [
        ("http", config.listeners.http.proxy_protocol),
        ("https", https.is_some_and(|https| https.proxy_protocol)),
    ] {
        if !wants || !config.trusted_proxies.is_empty() || !report.is_whole(&["trusted_proxies"]) {
            continue;
        }
        let words = "headers are taken from `trusted_proxies` alone, and there are none, so that nobody can connect; name the \
                     networks of your balancers there";
        report.add(code::CONTRADICTION, &["listeners", listener, "proxy_protocol"], words);
    }
    for (index, network) in config.trusted_proxies.iter().enumerate() {
        if network.prefix_len() == 0 {
            let words = format!(
                "`{network}` is everybody: each client may say which address it has, and so escape every quota; name the \
                 networks of your proxies"
            );
            report.add(code::BELIEVED, &["trusted_proxies", &index.to_string()], words);
        }
    }
}
