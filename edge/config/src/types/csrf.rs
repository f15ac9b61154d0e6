//! `routes.<name>.csrf`.

use crate::de::words;
use edge_policy::csrf::{CsrfPolicy, Mode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose pages may act with a visitor's cookies. What changes something (all but GET, HEAD, OPTIONS and TRACE) and every WebSocket
/// is judged by `Sec-Fetch-Site`, else by `Origin`; what has neither is no browser's and passes. So does who is known by
/// `Authorization: Bearer`. The host asked for and what `cors` allows is always trusted. Refused is 403 `CROSS_SITE_REQUEST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Csrf {
    /// What becomes of other sites' requests.
    #[serde(with = "words::CsrfMode")]
    pub mode: Mode,
    /// More origins whose pages may, each `scheme://host[:port]` in lower case.
    pub trusted_origins: Vec<String>,
    /// Whether pages of sibling hosts may (`Sec-Fetch-Site: same-site`): `a.example.com` for `b.example.com`.
    pub same_site: bool,
    /// Whether only requests with a cookie are judged. `false` where one signs in: there a foreign page brings the credentials.
    pub require_cookie: bool,
}

impl Default for Csrf {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            trusted_origins: Vec::new(),
            same_site: false,
            require_cookie: true,
        }
    }
}

impl Csrf {
    /// The policy as the policy crate judges by it.
    pub fn to_policy(&self) -> CsrfPolicy {
        CsrfPolicy {
            mode: self.mode,
            trusted_origins: self.trusted_origins.clone(),
            same_site: self.same_site,
            without_cookies: !self.require_cookie,
        }
    }
}
