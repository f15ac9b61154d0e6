//! Who is believed about the client's address.

use super::Report;
use crate::{Config, diagnose::code};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
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
