//! Sections `routes` and `defaults`.

use crate::units::{ByteSize, TimeSpan};
use edge_policy::{
    identity::Access,
    route::{Pattern, Rule},
};
use http::Method;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// `routes.<name>`, with `defaults` merged in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which requests it takes.
    #[serde(rename = "match")]
    pub matches: Match,
    /// Who may use it.
    #[serde(default)]
    pub auth: Auth,
    /// Names of the quotas that every request is charged to.
    #[serde(default)]
    pub rate_limits: Vec<String>,
    /// The service behind it. Either this or `graphql`.
    #[serde(default)]
    pub upstream: Option<String>,
    /// The composed API that answers it. Either this or `upstream`.
    #[serde(default)]
    pub graphql: Option<Graphql>,
    /// Largest request body.
    #[serde(default = "default_max_body")]
    pub max_body: ByteSize,
    /// How long each step may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How often a request is tried.
    #[serde(default)]
    pub retries: Retries,
    /// Answers or sockets that stay open.
    #[serde(default)]
    pub streaming: Option<Streaming>,
    /// What replaces `match.path_prefix` before the request goes on.
    #[serde(default)]
    pub rewrite_prefix: Option<String>,
    /// Name of the cross-origin policy.
    #[serde(default)]
    pub cors: Option<String>,
}

fn default_max_body() -> ByteSize {
    ByteSize(1024 * 1024)
}

/// What answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves<'a> {
    /// The named upstream.
    Upstream(&'a str),
    /// The edge's own GraphQL.
    Graphql(&'a Graphql),
}

impl Route {
    /// What answers this route. A loaded configuration has exactly one on each route.
    pub fn serves(&self) -> Option<Serves<'_>> {
        let upstream = self.upstream.as_deref().map(Serves::Upstream);
        upstream.or_else(|| self.graphql.as_ref().map(Serves::Graphql))
    }
}

/// `defaults`: what a route says nothing about. Maps merge, scalars and lists replace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// See [`Route::auth`].
    pub auth: Option<Auth>,
    /// See [`Route::timeouts`].
    pub timeouts: Timeouts,
    /// See [`Route::retries`].
    pub retries: Retries,
    /// See [`Route::rate_limits`].
    pub rate_limits: Vec<String>,
    /// See [`Route::max_body`].
    pub max_body: Option<ByteSize>,
    /// See [`Route::cors`].
    pub cors: Option<String>,
}

/// `routes.<name>.match`: exactly one of `path`, `paths` and `path_prefix`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// One whole path, or a template: `/api/sse/comments/{postId}`.
    pub path: Option<String>,
    /// Several of those.
    pub paths: Vec<String>,
    /// A path and all below it: `/api/media` takes `/api/media/x`, not `/api/mediax`.
    pub path_prefix: Option<String>,
    /// Methods; none means all.
    pub methods: Vec<String>,
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
        Ok(Rule {
            patterns,
            methods: self.methods.iter().map(method).collect::<Result<_, _>>()?,
            hosts: Vec::new(),
        })
    }
}

/// `auth`: `public`, or `{ jwt: <name>, optional: <bool> }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Tokens are not looked at.
    #[default]
    Public,
    /// A token of the named issuer.
    Jwt {
        /// Name in `jwt`.
        name: String,
        /// Whether anonymous callers pass too.
        optional: bool,
    },
}

impl Auth {
    /// Who may use the route, as the policy crate decides it.
    pub fn access(&self) -> Access {
        match self {
            Self::Public => Access::Public,
            Self::Jwt { optional: true, .. } => Access::Optional,
            Self::Jwt { optional: false, .. } => Access::Required,
        }
    }
}

/// `timeouts`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// To connect to a target.
    pub connect: TimeSpan,
    /// From the whole request sent to the answer's head, and to its end (streaming routes have no such end).
    pub request: TimeSpan,
    /// An unused connection to a target is kept for this long.
    pub idle: TimeSpan,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: TimeSpan::from_secs(1),
            request: TimeSpan::from_secs(15),
            idle: TimeSpan::from_secs(60),
        }
    }
}

/// `retries`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// Tries in all, the first included; 1 to 5.
    pub attempts: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 2 }
    }
}

/// `streaming`: no buffering, no retries, no total timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// Server-sent events.
    Sse,
    /// Upgrades; ordinary requests pass too.
    Websocket,
}

/// `graphql`: the services whose schemas make one API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    /// By name.
    pub subgraphs: BTreeMap<String, Subgraph>,
}

/// One service's part of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subgraph {
    /// Name in `upstreams`.
    pub upstream: String,
    /// File with its schema, against the working directory.
    pub schema: PathBuf,
}
