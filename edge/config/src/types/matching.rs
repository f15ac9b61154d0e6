//! `routes.<name>.match`.

use edge_policy::route::{HostError, Pattern, Rule};
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which requests a route takes: exactly one of `path`, `paths` and `path_prefix`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// One whole path, or a template with parameters of one segment each: `/api/sse/comments/{postId}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Several of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// A path and all below it: `/api/media` takes `/api/media/x`, not `/api/mediax`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// Methods (RFC 9110) in upper case; none means all. `HEAD` comes along with `GET`.
    pub methods: Vec<String>,
    /// One host name, `api.example.org`, or all names below one, `*.example.org`; without it every host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Several of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

impl Match {
    /// The rule as the policy crate routes by it.
    ///
    /// # Errors
    /// The key at fault (empty: the whole section) and what is wrong. Never after a successful load.
    pub fn to_rule(&self) -> Result<Rule, (&'static str, String)> {
        let path = |key, text: &str| Pattern::path(text).map_err(|error| (key, error.to_string()));
        let patterns = match (&self.path, self.paths.as_slice(), &self.path_prefix) {
            (Some(one), [], None) => vec![path("path", one)?],
            (None, many @ [_, ..], None) => many.iter().map(|one| path("paths", one)).collect::<Result<_, _>>()?,
            (None, [], Some(prefix)) => {
                vec![Pattern::prefix(prefix).map_err(|error| ("path_prefix", error.to_string()))?]
            }
            _ => return Err(("", "needs exactly one of `path`, `paths` and `path_prefix`".to_owned())),
        };
        let method = |name: &String| match Method::from_bytes(name.as_bytes()) {
            Ok(method) if name.bytes().all(|b| b.is_ascii_uppercase()) => Ok(method),
            _ => Err(("methods", format!("`{name}` is not a method; write it like `GET`"))),
        };
        let host = |name: &str| name.parse().map_err(|error: HostError| ("hosts", error.to_string()));
        Ok(Rule {
            patterns,
            methods: self.methods.iter().map(method).collect::<Result<_, _>>()?,
            hosts: self.hosts().map(host).collect::<Result<_, _>>()?,
        })
    }

    /// All host names, from whichever key; none means every host.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.host.iter().chain(&self.hosts).map(String::as_str)
    }
}
