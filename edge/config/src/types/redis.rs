//! Section `redis`.

use crate::secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The store: exactly one of `url` and `url_file`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://[user:password@]host:port[/database]`; `rediss://` for TLS, `unix://` for a socket. A password belongs into a
    /// variable or into `url_file`. Never log it.
    #[serde(default, serialize_with = "secret::url", skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// File that holds the URL, for instance a mounted secret. After a load `url` is what stood in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Redis");
        debug
            .field("url", &secret::HIDDEN)
            .field("url_file", &self.url_file)
            .finish()
    }
}
