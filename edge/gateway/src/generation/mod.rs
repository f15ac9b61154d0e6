//! A generation: all that one configuration builds. It is swapped as a whole; a request keeps the one it began with.

mod build;
mod caches;
mod changes;
mod fallback;
mod gate;
mod inherit;
mod mistake;
mod source;

pub(crate) use build::{BuildError, Parts};
pub(crate) use caches::Caches;
use changes::Changes;
pub(crate) use fallback::{Fallback, FixedAnswer};
pub(crate) use gate::Gate;
pub(crate) use source::{KeyText, Read, Source, read, read_text};

use crate::{
    compress::Compression,
    metrics::RouteCells,
    store::{Issuer, Quota},
    tls::{ListenerKeys, Validity},
    upstream::{Pool, Subset},
};
use edge_config::{Config, Streaming, TrustedHeader};
use edge_graphql::Engine;
use edge_policy::{
    balance::Affinity,
    cors::CorsPolicy,
    csrf::CsrfPolicy,
    head::HeadLimits,
    hedge,
    identity::{Access, Requirement},
    retry::Terms,
    rewrite::Rewrite,
    route::RouteTable,
    shed::Level,
    wire::pace::Floor,
};
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Everything a configuration builds.
pub(crate) struct Generation {
    /// Counts up from 1.
    pub(crate) number: u64,
    /// What it was built from.
    pub(crate) source: Arc<Source>,
    /// Upstreams by name.
    pub(crate) pools: BTreeMap<String, Arc<Pool>>,
    /// Issuers of tokens by name.
    pub(crate) issuers: BTreeMap<String, Arc<Issuer>>,
    /// Which route takes a request.
    pub(crate) routes: RouteTable<Arc<Route>>,
    /// The same routes, in the order of their names.
    pub(crate) named: Vec<Arc<Route>>,
    /// Proxies that are believed about clients.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The header by which they tell about clients.
    pub(crate) trusted_header: TrustedHeader,
    /// Fields that tell services of tokens, beside those of the contract.
    pub(crate) told: Box<[HeaderName]>,
    /// Bounds of a request's head.
    pub(crate) head_limits: HeadLimits,
    /// Time for a whole request head.
    pub(crate) header_timeout: Duration,
    /// Requests a second of one client that make a flood.
    pub(crate) flood: isize,
    /// How long a connection may wait for its next request.
    pub(crate) keep_alive: Duration,
    /// Least rate of bodies that come and answers that go.
    pub(crate) floor: Floor,
    /// Over which time what has to leave leaves.
    pub(crate) spread: Duration,
    /// Requests at once on one HTTP/2 connection.
    pub(crate) max_streams: u32,
    /// How clients are spoken to over TLS, where they may be.
    pub(crate) tls: Option<ListenerKeys>,
    /// What clients are told of TLS.
    pub(crate) https: Https,
    /// Until when the edge's own certificates are valid.
    pub(crate) certificates: Vec<Validity>,
    /// Counts answers that belong to no route.
    pub(crate) unrouted: Arc<RouteCells>,
}

/// What clients are told of TLS.
#[derive(Default)]
pub(crate) struct Https {
    /// The port to which requests without TLS are sent.
    pub(crate) redirect: Option<u16>,
    /// Value of `Strict-Transport-Security`.
    pub(crate) hsts: Option<HeaderValue>,
}

impl Https {
    fn of(config: &Config) -> Self {
        let Some(https) = &config.listeners.https else {
            return Self::default();
        };
        let hsts = https.hsts.as_ref().map(edge_config::Hsts::value);
        Self {
            redirect: { config.listeners.http.redirect_to_https }.then_some(https.port()),
            hsts: hsts.and_then(|value| HeaderValue::try_from(value).ok()),
        }
    }
}

/// A route with every policy resolved.
pub(crate) struct Route {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Where it leads, and for whom, as a number: another one means that what is open has to leave.
    pub(crate) way: u64,
    /// Counts its answers.
    pub(crate) cells: Arc<RouteCells>,
    /// Who may use it.
    pub(crate) access: Access,
    /// Whose tokens it takes. `None` on public routes.
    pub(crate) gate: Option<Gate>,
    /// Quotas, in the order of the file.
    pub(crate) quotas: Vec<Arc<Quota>>,
    /// What answers.
    pub(crate) serves: Serves,
    /// What answers while its upstream is away.
    pub(crate) fallback: Option<Fallback>,
    /// Largest request body, bytes.
    pub(crate) max_body: u64,
    /// To connect to a target.
    pub(crate) connect_timeout: Duration,
    /// To the end of the answer; on streaming routes it bounds only the head of the answer to an upgrade.
    pub(crate) request_timeout: Duration,
    /// An unused connection to a target is kept this long.
    pub(crate) pool_idle: Duration,
    /// Time of one try to the head of its answer.
    pub(crate) first_byte: Option<Duration>,
    /// When a failed try is repeated.
    pub(crate) retry: Terms,
    /// Most retries, as a share of requests.
    pub(crate) retry_budget: f32,
    /// When a second target is asked for a request that waits; `None`: never.
    pub(crate) hedge: Option<hedge::Terms>,
    /// How much its requests matter when an upstream has too much to do; `None`: their method says it.
    pub(crate) level: Option<Level>,
    /// Whether answers or sockets stay open.
    pub(crate) streaming: Option<Streaming>,
    /// Which answers are compressed.
    pub(crate) compression: Option<Compression>,
    /// Which answers are kept.
    pub(crate) caches: Option<Arc<Caches>>,
    /// Which path its service is asked for, where it is not the client's.
    pub(crate) rewrite: Option<Rewrite>,
    /// Changes to header fields.
    pub(crate) headers: Changes,
    /// Whose pages may act.
    pub(crate) csrf: CsrfPolicy,
    /// The cross-origin policy.
    pub(crate) cors: Option<Arc<CorsPolicy>>,
}

impl Generation {
    /// The route of this name.
    pub(crate) fn route(&self, name: &str) -> Option<&Arc<Route>> {
        let place = self.named.binary_search_by(|route| (*route.name).cmp(name));
        self.named.get(place.ok()?)
    }
}

impl Route {
    /// What a token must have here.
    pub(crate) fn required(&self) -> &[Requirement] {
        self.gate.as_ref().map_or(&[], |gate| &gate.required)
    }

    /// The upstreams behind it.
    pub(crate) fn pools(&self) -> Vec<&Arc<Pool>> {
        match &self.serves {
            Serves::Upstream { pool, .. } => vec![pool],
            Serves::Graphql(composed) => composed.subgraphs.values().collect(),
        }
    }
}

/// What answers a route.
pub(crate) enum Serves {
    /// A service.
    Upstream {
        /// Its targets.
        pool: Arc<Pool>,
        /// Which of them it may go to.
        subset: Subset,
        /// Whether a client stays with its target.
        sticky: Option<Arc<Sticky>>,
    },
    /// The edge's own GraphQL.
    Graphql(Arc<Composed>),
}

/// How a client is bound to a target.
pub(crate) struct Sticky {
    /// The cookie's name.
    pub(crate) cookie: String,
    /// What follows the cookie's value in `Set-Cookie`.
    pub(crate) attributes: String,
    /// Makes and reads the value.
    pub(crate) affinity: Affinity,
}

/// A composed schema and the services behind it.
pub(crate) struct Composed {
    /// Answers requests.
    pub(crate) engine: Engine,
    /// Upstreams by subgraph.
    pub(crate) subgraphs: BTreeMap<String, Arc<Pool>>,
}
