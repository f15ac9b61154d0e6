//! Where the edge that is asked listens, and how to prove that one may ask.

use super::{DEFAULT_CONFIG, environment};
use crate::admin::USUAL_TOKEN_FILE;
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Where an edge's admin listener is unless somebody says.
const USUAL_ADMIN: &str = "127.0.0.1:9901";
/// The smallest file that the section stands in.
const SKELETON: &str = "admin: { bind: '127.0.0.1:9901' }";

/// Which edge is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    #[command(flatten)]
    listener: Listener,
    /// Its configuration, to find both.
    #[arg(long, default_value = DEFAULT_CONFIG, value_name = "FILE")]
    config: PathBuf,
}

/// Which edge is asked, and how its answer is told: all that commands that only ask need.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

/// What may be said of it beside its configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct Listener {
    /// Its admin listener; else the one in the configuration.
    #[arg(long, env = "EDGE_ADMIN", value_name = "HOST:PORT")]
    admin: Option<String>,
    /// The file with its token; else the one in the configuration.
    #[arg(long, env = "EDGE_ADMIN_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The part of a configuration that is looked for. The rest may be as wrong as it likes: it is then that one asks.
#[derive(Default, Deserialize)]
struct Wanted {
    admin: Admin,
}

#[derive(Default, Deserialize)]
struct Admin {
    bind: Option<SocketAddr>,
    token_file: Option<PathBuf>,
}

impl Place {
    /// The listener's address and the token's file.
    pub(super) fn find(&self) -> (String, PathBuf) {
        self.listener.find(&self.config)
    }
}

impl Listener {
    /// The listener's address and the token's file; `config` says what is not said here.
    pub(super) fn find(&self, config: &Path) -> (String, PathBuf) {
        let configured = match (&self.admin, &self.token_file) {
            (Some(_), Some(_)) => Admin::default(),
            _ => configured(config),
        };
        let given = { &self.admin }
            .as_deref()
            .map(|text| text.trim_start_matches("http://").trim_end_matches('/'));
        let admin = given
            .map(str::to_owned)
            .or_else(|| Some(reachable(configured.bind?).to_string()));
        let token_file = self.token_file.clone().or(configured.token_file);
        (
            admin.unwrap_or_else(|| USUAL_ADMIN.to_owned()),
            token_file.unwrap_or_else(|| USUAL_TOKEN_FILE.into()),
        )
    }
}

fn configured(config: &Path) -> Admin {
    let read = edge_config::document(config, &environment, SKELETON, |_: &Wanted, _| {});
    read.unwrap_or_default().admin
}

/// Where a listener on all interfaces is reached from this machine.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let loopback = match bind.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    if bind.ip().is_unspecified() {
        SocketAddr::new(loopback, bind.port())
    } else {
        bind
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn place(admin: Option<&str>, config: &Path) -> Place {
        Place {
            listener: Listener {
                admin: admin.map(str::to_owned),
                token_file: None,
            },
            config: config.to_owned(),
        }
    }

    #[test]
    fn the_edge_is_found_as_told_or_as_configured_even_in_a_file_with_mistakes() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("edge.yaml");
        let text = "admin: { bind: '0.0.0.0:7', token_file: t }\nlisteners: 3\nroutes: { a: { upsteam: b } }\n";
        std::fs::write(&file, text).unwrap();
        assert_eq!(place(None, &file).find(), ("127.0.0.1:7".into(), "t".into()));
        assert_eq!(place(Some("http://h:8/"), &file).find(), ("h:8".into(), "t".into()));
        let nowhere = directory.path().join("none");
        assert_eq!(
            place(None, &nowhere).find(),
            (USUAL_ADMIN.into(), USUAL_TOKEN_FILE.into())
        );
    }
}
