//! Who takes part.

use clap::ValueEnum;
use std::fmt;

/// A proxy, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// The origins without a proxy: what the generator and they can do at most.
    Direct,
    /// The edge.
    Edge,
    /// A bare pass-through on the edge's own library and profile.
    Pingora,
    /// HAProxy, from Debian.
    Haproxy,
    /// nginx, from Debian.
    Nginx,
    /// Envoy, from PyPI.
    Envoy,
    /// caddy, from Debian.
    Caddy,
    /// pingap, built from the Rust registry.
    Pingap,
    /// A small Node gateway: Express and its usual middleware.
    Express,
}

/// The token that a peer can verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verifies {
    /// EdDSA, with keys read from the origin.
    Keys,
    /// HS256, with a secret.
    Secret,
    /// None.
    Nothing,
}

impl Peer {
    /// Its name on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Edge => "edge",
            Self::Pingora => "pingora",
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
            Self::Envoy => "envoy",
            Self::Caddy => "caddy",
            Self::Pingap => "pingap",
            Self::Express => "express",
        }
    }

    /// What it verifies where it is asked to.
    pub(crate) fn verifies(self) -> Verifies {
        match self {
            Self::Edge | Self::Envoy => Verifies::Keys,
            Self::Haproxy | Self::Pingap | Self::Express => Verifies::Secret,
            Self::Direct | Self::Pingora | Self::Nginx | Self::Caddy => Verifies::Nothing,
        }
    }

    /// Whether it tells the origin who asks, and takes away what clients say of themselves.
    pub(crate) fn names_user(self) -> bool {
        matches!(self, Self::Edge | Self::Haproxy | Self::Envoy | Self::Express)
    }

    /// Whether it lets pages of the one origin read answers.
    pub(crate) fn has_cors(self) -> bool {
        !matches!(self, Self::Direct | Self::Pingora)
    }

    /// Its file in `bench/peers/<name>` has this ending; `None` where it has no file.
    pub(crate) fn config(self) -> Option<&'static str> {
        match self {
            Self::Direct | Self::Pingora | Self::Express => None,
            Self::Edge | Self::Envoy => Some("yaml"),
            Self::Haproxy => Some("cfg"),
            Self::Nginx => Some("conf"),
            Self::Caddy => Some("Caddyfile"),
            Self::Pingap => Some("toml"),
        }
    }

    /// What it does of the admission, for the report; what it lacks is said.
    pub(crate) fn policies(self) -> &'static [&'static str] {
        match self {
            Self::Direct => &["none: there is no proxy"],
            Self::Edge => &[
                "token: EdDSA, keys from the origin, remembered; ended sessions refused",
                "quota by address: exact over all edges, one call to Redis a request",
                "flood guard by address",
                "CORS by list",
                "body limit, also where no length is declared",
                "affinity by signed cookie",
                "identity, request id, trace context and service token to the origin",
            ],
            Self::Pingora => &["none: a bare pass-through"],
            Self::Haproxy => &[
                "token: HS256 (it knows no EdDSA), verified each time",
                "quota by address: this process alone",
                "CORS by list",
                "body limit by declared length",
                "affinity by cookie",
                "identity and request id to the origin",
                "lacks: ended sessions",
            ],
            Self::Nginx => &[
                "quota by address: this machine alone",
                "CORS by list",
                "body limit",
                "affinity by address",
                "request id to the origin",
                "lacks: token, identity",
            ],
            Self::Envoy => &[
                "token: EdDSA, keys from the origin, remembered",
                "quota by address: this process alone",
                "CORS by list",
                "body limit",
                "affinity by cookie",
                "identity and request id to the origin",
                "lacks: ended sessions",
            ],
            Self::Caddy => &[
                "CORS by list",
                "body limit",
                "affinity by signed cookie",
                "lacks: token, quota, identity, request id",
            ],
            Self::Pingap => &[
                "token: HS256 (it knows no EdDSA), issuer and audience unchecked",
                "quota by address: this process alone",
                "CORS for any origin",
                "body limit",
                "affinity by address",
                "request id",
                "lacks: identity, ended sessions",
            ],
            Self::Express => &[
                "token: HS256 (jsonwebtoken knows no EdDSA), verified each time",
                "quota by address: exact over all gateways, one call to Redis a request",
                "CORS by list",
                "security headers",
                "identity to the origin",
                "lacks: body limit, affinity, ended sessions, request id",
            ],
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
