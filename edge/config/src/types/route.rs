//! Sections `routes` and `defaults`.

use super::{Auth, Charge, Compression, Csrf, Fallback, Graphql, Headers, Hedge, Match, RouteCache};
use crate::units::{ByteSize, Percent, TimeSpan};
use edge_policy::{retry, rewrite::Rewrite, shed::Level};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A route, with `defaults` merged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Which requests it takes.
    #[serde(rename = "match")]
    pub matches: Match,
    /// Who may use it.
    #[serde(default)]
    #[schemars(with = "crate::schema::AuthForm")]
    pub auth: Auth,
    /// Quotas that every request is charged to: names, or `{ limit: <name>, cost: <number> }` where a request takes more than one.
    #[serde(default)]
    pub rate_limits: Vec<Charge>,
    /// Name of the service behind it. Either this or `graphql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Labels that an instance must have to take its requests, `{ version: canary }`; any instance without it. Retries and `sticky`
    /// stay among these instances too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subset: BTreeMap<String, String>,
    /// The composed API that answers it. Either this or `upstream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graphql: Option<Graphql>,
    /// What answers while `upstream` is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// Largest request body; larger ones are refused with 413.
    #[serde(default = "default_max_body")]
    pub max_body: ByteSize,
    /// How long each step may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How often a request is tried.
    #[serde(default)]
    pub retries: Retries,
    /// When a second instance is asked too; never without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedge: Option<Hedge>,
    /// Which answers are compressed; none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Which answers are kept and given again; none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<RouteCache>,
    /// Answers or sockets that stay open: no buffering, no retries, no total timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streaming: Option<Streaming>,
    /// Changes to header fields.
    #[serde(default)]
    pub headers: Headers,
    /// What replaces `match.path_prefix` before the request goes on. Paths that would then be below `/internal` are not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite_prefix: Option<String>,
    /// The path that the service is asked for, with the template's parameters: `/v2/comments/{postId}`. Paths that
    /// would be below `/internal` are not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
    /// Name of the cross-origin policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<String>,
    /// Whose pages may act with a visitor's cookies.
    #[serde(default)]
    pub csrf: Csrf,
    /// Who goes first when an upstream with `concurrency` has more to do than it can.
    #[serde(default)]
    pub priority: Priority,
    /// Whether the upstream's `sticky` holds here.
    #[serde(default = "yes")]
    pub sticky: bool,
}

fn default_max_body() -> ByteSize {
    ByteSize(1024 * 1024)
}

fn yes() -> bool {
    true
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

    /// A number for where it leads and for whom: which requests it takes, whose, and what answers them. The same configuration has the
    /// same.
    pub fn way(&self) -> u64 {
        let way = (&self.matches, &self.auth, &self.upstream, &self.subset);
        let path = (&self.rewrite, &self.rewrite_prefix, &self.streaming);
        let text = serde_json::to_vec(&(way, path)).unwrap_or_default();
        edge_policy::balance::key(&text)
    }

    /// Which path its service is asked for, where it is not the client's.
    pub fn to_rewrite(&self) -> Option<Rewrite> {
        let prefix = self.matches.path_prefix.as_ref().zip(self.rewrite_prefix.as_ref());
        let template = self.matches.path.as_ref().zip(self.rewrite.as_ref());
        prefix
            .map(|(prefix, with)| Rewrite::prefix(prefix, with))
            .or_else(|| template.and_then(|(pattern, with)| Rewrite::template(pattern, with).ok()))
    }

    /// Whether its requests are charged to a quota.
    pub fn lists(&self, limit: &str) -> bool {
        self.cost(limit).is_some()
    }

    /// Whether its requests cost as much of one quota as of another.
    pub(crate) fn charges_alike(&self, one: &str, other: &str) -> bool {
        self.lists(one) && self.cost(one) == self.cost(other)
    }

    fn cost(&self, limit: &str) -> Option<u32> {
        let charge = self.rate_limits.iter().find(|charge| charge.limit == limit);
        charge.map(|charge| charge.cost)
    }

    /// The upstreams that it asks, each once for every mention.
    pub fn upstreams(&self) -> impl Iterator<Item = &str> {
        let subgraphs = self.graphql.iter().flat_map(|graphql| graphql.subgraphs.values());
        let asked = subgraphs.map(|subgraph| subgraph.upstream.as_str());
        self.upstream.as_deref().into_iter().chain(asked)
    }
}

/// What a route says nothing about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// As `routes.<name>.auth`.
    #[schemars(with = "Option<crate::schema::AuthForm>")]
    pub auth: Option<Auth>,
    /// As `routes.<name>.rate_limits`.
    pub rate_limits: Vec<Charge>,
    /// As `routes.<name>.max_body`.
    pub max_body: Option<ByteSize>,
    /// As `routes.<name>.timeouts`.
    pub timeouts: Timeouts,
    /// As `routes.<name>.retries`.
    pub retries: Retries,
    /// As `routes.<name>.hedge`.
    pub hedge: Option<Hedge>,
    /// As `routes.<name>.compression`.
    pub compression: Option<Compression>,
    /// As `routes.<name>.headers`.
    pub headers: Headers,
    /// As `routes.<name>.cors`.
    pub cors: Option<String>,
    /// As `routes.<name>.csrf`.
    pub csrf: Csrf,
    /// As `routes.<name>.priority`.
    pub priority: Priority,
}

/// How long each step may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// To connect to an instance.
    pub connect: TimeSpan,
    /// From the choice of an instance to the head of its answer, for one try, and the longest silence within that answer; then the
    /// next instance is tried. Without it a try may take all of `request`, as those do whose body is still to come when the instance is
    /// chosen. Streaming routes have no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<TimeSpan>,
    /// From the whole request sent to the answer's head, and to its end (streaming routes have no such end).
    pub request: TimeSpan,
    /// An unused connection to an instance is kept for this long.
    pub idle: TimeSpan,
    /// A WebSocket in which nothing moves for this long, and a stream whose service says nothing for this long, is ended: make
    /// it longer than the heartbeats.
    pub silence: TimeSpan,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: TimeSpan::from_secs(1),
            first_byte: None,
            request: TimeSpan::from_secs(15),
            idle: TimeSpan::from_secs(60),
            silence: TimeSpan::from_secs(600),
        }
    }
}

/// How often a request is tried, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// Tries in all, the first included; 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub attempts: u32,
    /// After which failures: `connect_failure`, `reset`, `timeout` (of `timeouts.first_byte`), or a status from 500 to 599. After
    /// a connection that could not be made every instance is tried.
    pub retry_on: Vec<RetryOn>,
    /// Methods that are tried again once something was sent; by default those that RFC 9110 calls idempotent. Before
    /// anything was sent every method is.
    pub methods: Vec<String>,
    /// Most retries, as a share of the requests to the upstream in the last 10 s. Three a second are allowed in any case.
    pub budget: Percent,
}

impl Retries {
    /// What may be repeated, as the policy crate decides it.
    pub fn to_policy(&self) -> retry::Terms {
        let on = |what| self.retry_on.contains(&what);
        let statuses = self.retry_on.iter().filter_map(|on| match on {
            RetryOn::Status(status) => Some(*status),
            _ => None,
        });
        retry::Terms {
            attempts: self.attempts.max(1),
            on_connect: on(RetryOn::ConnectFailure),
            on_reset: on(RetryOn::Reset),
            on_timeout: on(RetryOn::Timeout),
            on_status: statuses.collect(),
            methods: self.methods.iter().filter_map(|method| method.parse().ok()).collect(),
        }
    }
}

impl Default for Retries {
    fn default() -> Self {
        let idempotent = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
        Self {
            attempts: 2,
            retry_on: vec![RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout],
            methods: idempotent.map(str::to_owned).into(),
            budget: Percent::FIFTH,
        }
    }
}

/// A failure after which a request is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// No connection could be made: nothing was sent.
    ConnectFailure,
    /// The connection was lost before an answer began.
    Reset,
    /// No answer began within `timeouts.first_byte`.
    Timeout,
    /// An answer with this status, 500 to 599.
    Status(u16),
}

/// Answers or sockets that stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Streaming {
    /// Server-sent events.
    Sse,
    /// Upgrades (RFC 6455); ordinary requests pass too.
    Websocket,
}

/// Who goes first when an upstream with `concurrency` has more to do than it can. What a browser fetches ahead (`Sec-Purpose:
/// prefetch`) counts as `low` everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Refused last: what tells whether a service lives.
    Critical,
    /// Before that: what everything else depends on, as sign-in.
    High,
    /// In between: GET, HEAD and OPTIONS (in GraphQL: queries) before all others.
    #[default]
    Normal,
    /// Refused first.
    Low,
}

impl Priority {
    /// The level of all requests; none where it is the method's.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Critical => Some(Level::Critical),
            Self::High => Some(Level::High),
            Self::Normal => None,
            Self::Low => Some(Level::Low),
        }
    }
}
