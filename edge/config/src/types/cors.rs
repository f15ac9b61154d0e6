//! Section `cors`.

use crate::units::TimeSpan;
use edge_policy::cors::{CorsError, CorsPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cross-origin policy (the Fetch standard, "CORS protocol").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins that may read answers, each `scheme://host[:port]` in lower case. `*` is none: name them.
    pub allow_origins: Vec<String>,
    /// Whether cookies may come along.
    #[serde(default)]
    pub allow_credentials: bool,
    /// Methods a preflight may ask for.
    #[serde(default = "default_methods")]
    pub allow_methods: Vec<String>,
    /// Request headers a preflight may ask for.
    #[serde(default = "default_headers")]
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read.
    #[serde(default = "default_exposed")]
    pub expose_headers: Vec<String>,
    /// How long a browser may remember a preflight. Browsers cut it: Chromium at 2 hours.
    #[serde(default = "default_max_age")]
    pub max_age: TimeSpan,
}

impl Cors {
    /// The policy as the policy crate answers by it.
    ///
    /// # Errors
    /// What makes no sense. Never after a successful load.
    pub fn to_policy(&self) -> Result<CorsPolicy, CorsError> {
        CorsPolicy::new(
            &self.allow_origins,
            self.allow_credentials,
            &self.allow_methods,
            &self.allow_headers,
            &self.expose_headers,
            self.max_age.0,
        )
    }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&text| text.to_owned()).collect()
}

fn default_methods() -> Vec<String> {
    texts(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
}

fn default_headers() -> Vec<String> {
    texts(&[
        "authorization",
        "content-type",
        "x-request-id",
        "traceparent",
        "last-event-id",
    ])
}

fn default_exposed() -> Vec<String> {
    texts(&["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"])
}

fn default_max_age() -> TimeSpan {
    TimeSpan::from_secs(600)
}
