//! Section `listeners`.

use crate::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// HTTP/1.1 and HTTP/2 without TLS.
    pub http: Http,
    /// The same over TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<Https>,
}

/// The listener without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port, `0.0.0.0:8080`.
    #[serde(deserialize_with = "crate::de::bind")]
    #[schemars(with = "crate::schema::Bind")]
    pub bind: SocketAddr,
    /// Whether each connection begins with a header of HAProxy's PROXY protocol, version 1 or 2, that names the client: its
    /// address then counts for limits, quotas and logs. With `true`, connections come from `trusted_proxies` alone and never
    /// without a header: to guess would let clients choose their address.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// Whether requests are answered 308 with the same address at `listeners.https`; those that a trusted proxy took over TLS are not.
    #[serde(default)]
    pub redirect_to_https: bool,
}

/// The listener with TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Https {
    /// Address and port, `0.0.0.0:8443`.
    #[serde(deserialize_with = "crate::de::bind")]
    #[schemars(with = "crate::schema::Bind")]
    pub bind: SocketAddr,
    /// The port at which clients reach it, 1 to 65535, where something in front maps it to that of `bind`: `redirect_to_https` sends them
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub public_port: Option<u16>,
    /// Who the edge is, and how it may be spoken to.
    pub tls: ListenerTls,
    /// As `listeners.http.proxy_protocol`; the header comes before TLS begins.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// Tells browsers never to come without TLS again (RFC 6797); nothing is told without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsts: Option<Hsts>,
}

impl Https {
    /// The port at which clients reach it.
    pub fn port(&self) -> u16 {
        self.public_port.unwrap_or_else(|| self.bind.port())
    }
}

/// `Strict-Transport-Security` of answers over TLS (RFC 6797).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// How long a browser remembers it, in whole seconds; begin with little, since it cannot be taken back.
    pub max_age: TimeSpan,
    /// Whether it is said of all names below the host's too.
    #[serde(default)]
    pub include_subdomains: bool,
    /// Whether browsers may ship with it, <https://hstspreload.org/>.
    #[serde(default)]
    pub preload: bool,
}

impl Hsts {
    /// The field's value.
    pub fn value(&self) -> String {
        let mut value = format!("max-age={}", self.max_age.as_secs());
        for (is_said, word) in [
            (self.include_subdomains, "; includeSubDomains"),
            (self.preload, "; preload"),
        ] {
            if is_said {
                value.push_str(word);
            }
        }
        value
    }
}

/// TLS of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// Oldest version that is spoken.
    #[serde(default)]
    pub min_version: TlsVersion,
    /// At least one. A client gets the first that is made out to the name it asked for (SNI, RFC 6066), else the first.
    pub certificates: Vec<Certificate>,
    /// Whether clients show certificates; none is asked for without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
}

/// Certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAuth {
    /// PEM file with the certificates of those who vouch for clients.
    pub ca_file: PathBuf,
    /// Who must have one.
    #[serde(default)]
    pub mode: ClientAuthMode,
}

/// Whether a client must have a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMode {
    /// No connection without one.
    #[default]
    Required,
    /// One that is shown must be good.
    Optional,
}

/// A version of TLS. In quotes: without them YAML reads a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// PEM file with the certificate first, then those that vouch for it.
    pub cert_file: PathBuf,
    /// PEM file with the certificate's private key, not encrypted.
    pub key_file: PathBuf,
}
