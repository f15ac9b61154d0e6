//! Section `admin`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// The operators' listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Address and port, `127.0.0.1:9901`. Keep it off the public network.
    #[serde(deserialize_with = "crate::de::bind")]
    #[schemars(with = "crate::schema::Bind")]
    pub bind: SocketAddr,
    /// File with the token that whoever changes something must show (RFC 6750, `Authorization: Bearer`). Made at the
    /// start if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// File to which every change made through the listener is appended, one JSON object a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_file: Option<PathBuf>,
}
