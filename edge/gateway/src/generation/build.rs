//! From a source to a generation. Nothing is connected and nothing started here.

use super::{
    Caches, Changes, Composed, Fallback, FixedAnswer, Gate, Generation, Https, Route, Serves, Source, Sticky, gate,
    inherit,
};
use crate::{
    compress::Compression,
    metrics::Metrics,
    store::{Issuer, Quota},
    tls::{Identities, ListenerKeys, TlsError, Validity},
    upstream::{Pool, States, Subset},
};
use edge_config::{Mode, Serves as ServesConfig};
use edge_graphql::{Engine, Limits, Subgraph};
use edge_policy::{
    balance::Affinity,
    cors::{CorsError, CorsPolicy},
    head::HeadLimits,
    rate_limit::{Keys, lease::Terms},
    route::RouteTable,
    wire::pace::Floor,
};
use http::{HeaderValue, StatusCode};
use std::{collections::BTreeMap, sync::Arc};

/// Field lines of one request head.
const MAX_FIELDS: usize = 128;

/// Why a configuration that reads well builds nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// Something is named that is not there.
    #[error("routes.{route}: {kind} `{name}` is not defined")]
    Missing {
        /// The route.
        route: String,
        /// What is missing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// What it matches is nothing that can be routed.
    #[error("routes.{0}.match.{1}: {2}")]
    Match(String, &'static str, String),
    /// A cross-origin policy cannot be.
    #[error("cors.{0}: {1}")]
    Cors(String, CorsError),
    /// A header field that cannot be set or removed.
    #[error("routes.{0}.headers: `{1}` cannot be set or removed")]
    Header(String, String),
    /// What answers in an upstream's place cannot be an answer.
    #[error("routes.{0}.fallback: status and content type make no answer")]
    Fallback(String),
    /// A key set in a file cannot be used.
    #[error("jwt.{0}: {1}")]
    Keys(String, shared_identity::KeySetError),
    /// Certificates are of no use.
    #[error("listeners.https.tls: {0}")]
    Tls(#[from] TlsError),
    /// An upstream's are of no use.
    #[error("upstreams.{0}.tls: {1}")]
    Identity(String, TlsError),
    /// Schemas do not fit together.
    #[error("routes.{0}: the subgraphs do not compose: {1}")]
    Compose(String, edge_graphql::ComposeError),
}

/// What all generations of an edge are built with.
#[derive(Default)]
pub(crate) struct Parts {
    /// Key of affinity cookies.
    pub(crate) affinity_key: Vec<u8>,
    /// Counters by name.
    pub(crate) metrics: Arc<Metrics>,
    /// What lasts of upstreams.
    pub(crate) states: States,
    /// How TLS is spoken with them.
    pub(crate) identities: Arc<Identities>,
}

impl Generation {
    /// Builds generation `number` of `source`. What did not change since `previous` is taken over as it is; of what did
    /// change, what is known. Nothing is connected and nothing started.
    pub(crate) fn build(
        source: Arc<Source>,
        number: u64,
        parts: &Parts,
        previous: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let config = &source.config;
        let metrics = &*parts.metrics;
        let pools = inherit::pools(&source, parts, previous)?;
        let mut builder = Builder {
            source: &source,
            metrics,
            affinity_key: &parts.affinity_key,
            issuers: inherit::issuers(&source, &pools, previous)?,
            cors: BTreeMap::new(),
            pools,
        };
        for (name, cors) in &config.cors {
            let policy = cors
                .to_policy()
                .map_err(|error| BuildError::Cors(name.clone(), error))?;
            builder.cors.insert(name, Arc::new(policy));
        }
        let routes = config.routes.iter().map(|(name, route)| {
            let rule = route.matches.to_rule();
            let rule = rule.map_err(|(key, reason)| BuildError::Match(name.clone(), key, reason))?;
            Ok((rule, builder.route(name, route)?))
        });
        let routes = routes.collect::<Result<Vec<_>, BuildError>>()?;
        Ok(Self {
            number,
            named: routes.iter().map(|(_, route)| Arc::clone(route)).collect(),
            routes: RouteTable::new(routes),
            pools: builder.pools,
            issuers: builder.issuers,
            trusted_proxies: config.trusted_proxies.clone(),
            trusted_header: config.trusted_header,
            told: gate::told(config),
            head_limits: HeadLimits {
                max_bytes: usize::try_from(config.limits.max_header.0).unwrap_or(usize::MAX),
                max_fields: MAX_FIELDS,
            },
            header_timeout: *config.limits.header_timeout,
            flood: isize::try_from(config.limits.requests_per_second_per_ip).unwrap_or(isize::MAX),
            keep_alive: *config.limits.keep_alive,
            floor: Floor {
                grace: *config.limits.slow_grace,
                rate: config.limits.min_rate.0,
            },
            spread: *config.drain.spread,
            max_streams: config.limits.max_streams,
            tls: ListenerKeys::of(&source, previous.and_then(|previous| previous.tls.as_ref()))?,
            https: Https::of(config),
            certificates: Validity::all(&source),
            unrouted: metrics.route("-"),
            source,
        })
    }
}

/// What routes are resolved against.
struct Builder<'c> {
    source: &'c Source,
    metrics: &'c Metrics,
    affinity_key: &'c [u8],
    pools: BTreeMap<String, Arc<Pool>>,
    issuers: BTreeMap<String, Arc<Issuer>>,
    cors: BTreeMap<&'c str, Arc<CorsPolicy>>,
}

impl Builder<'_> {
    fn route(&self, name: &str, route: &edge_config::Route) -> Result<Arc<Route>, BuildError> {
        let missing = |kind, what: &str| BuildError::Missing {
            route: name.to_owned(),
            kind,
            name: what.to_owned(),
        };
        let quotas = route.rate_limits.iter().map(|charge| {
            let (limit, limits) = (&charge.limit, &self.source.config.rate_limits);
            let settings = limits.get(limit).ok_or_else(|| missing("rate limit", limit))?;
            let policy = settings.to_policy(limit, charge.cost);
            let is_leased = settings.mode == Mode::Leased;
            Ok(Arc::new(Quota {
                lease: is_leased.then(|| Terms::new(&policy)),
                enforce: settings.enforce,
                keys: Keys::new(&policy.key, limit, is_leased, name),
                limit: policy,
                cells: self.metrics.limit(limit),
            }))
        });
        let cors = route.cors.as_ref().map(|cors| {
            self.cors
                .get(cors.as_str())
                .map(Arc::clone)
                .ok_or_else(|| missing("cross-origin policy", cors))
        });
        let compression = route.compression.as_ref();
        let compression = compression.filter(|compression| !compression.algorithms.is_empty());
        Ok(Arc::new(Route {
            name: name.into(),
            way: route.way(),
            cells: self.metrics.route(name),
            access: route.auth.access(),
            gate: Gate::new(name, route, &self.source.config, &self.issuers)?,
            quotas: quotas.collect::<Result<_, BuildError>>()?,
            serves: self.serves(name, route)?,
            fallback: self.fallback(name, route)?,
            max_body: self.max_body(route),
            connect_timeout: *route.timeouts.connect,
            request_timeout: *route.timeouts.request,
            pool_idle: *route.timeouts.idle,
            first_byte: route.timeouts.first_byte.map(|time| *time),
            retry: route.retries.to_policy(),
            retry_budget: route.retries.budget.ratio() as f32,
            hedge: { route.hedge.as_ref() }
                .filter(|_| route.streaming.is_none())
                .and_then(edge_config::Hedge::to_policy),
            level: route.priority.level(),
            streaming: route.streaming,
            compression: compression.map(|compression| Compression {
                terms: compression.to_policy(),
                cells: Arc::clone(&self.metrics.compression),
            }),
            caches: Caches::new(name, route, &self.source.config).map(Arc::new),
            rewrite: route.to_rewrite(),
            headers: Changes::new(&route.headers).map_err(|field| BuildError::Header(name.to_owned(), field))?,
            csrf: route.csrf.to_policy(),
            cors: cors.transpose()?,
        }))
    }

    /// The smallest that the route and all that it asks take.
    fn max_body(&self, route: &edge_config::Route) -> u64 {
        let upstreams = route
            .upstreams()
            .filter_map(|name| self.source.config.upstreams.get(name)?.max_body);
        upstreams.chain([route.max_body]).min().map_or(0, |least| least.0)
    }

    fn pool(&self, route: &str, upstream: &str) -> Result<Arc<Pool>, BuildError> {
        let missing = || BuildError::Missing {
            route: route.to_owned(),
            kind: "upstream",
            name: upstream.to_owned(),
        };
        self.pools.get(upstream).map(Arc::clone).ok_or_else(missing)
    }

    fn fallback(&self, name: &str, route: &edge_config::Route) -> Result<Option<Fallback>, BuildError> {
        let Some(fallback) = &route.fallback else {
            return Ok(None);
        };
        if let Some(upstream) = &fallback.upstream {
            return Ok(Some(Fallback::Upstream(self.pool(name, upstream)?)));
        }
        let wrong = || BuildError::Fallback(name.to_owned());
        Ok(Some(Fallback::Answer(Arc::new(FixedAnswer {
            status: StatusCode::from_u16(fallback.status.unwrap_or_default()).map_err(|_| wrong())?,
            content_type: HeaderValue::from_str(fallback.content_type()).map_err(|_| wrong())?,
            body: match &fallback.body_file {
                Some(file) => self.source.bodies.get(file).cloned().unwrap_or_default(),
                None => fallback.body.clone().unwrap_or_default().into(),
            },
        }))))
    }

    fn serves(&self, name: &str, route: &edge_config::Route) -> Result<Serves, BuildError> {
        let pool = |upstream: &str| self.pool(name, upstream);
        match route.serves() {
            Some(ServesConfig::Upstream(upstream)) => {
                let upstreams = &self.source.config.upstreams;
                let sticky = upstreams.get(upstream).and_then(|upstream| upstream.sticky.as_ref());
                let sticky = sticky.filter(|_| route.sticky);
                let sticky = sticky.map(|sticky| Arc::new(Sticky::new(sticky, self.affinity_key, upstream)));
                let pool = pool(upstream)?;
                let subset = pool.subset(&route.subset).ok_or_else(|| BuildError::Missing {
                    route: name.to_owned(),
                    kind: "subset of upstream",
                    name: upstream.to_owned(),
                })?;
                Ok(Serves::Upstream { pool, subset, sticky })
            }
            Some(ServesConfig::Graphql(graphql)) => {
                let mut schemas = Vec::new();
                let mut subgraphs = BTreeMap::new();
                for (subgraph, part) in &graphql.subgraphs {
                    schemas.push(Subgraph {
                        name: subgraph.clone(),
                        sdl: self.source.schemas.get(&part.schema).cloned().unwrap_or_default(),
                    });
                    subgraphs.insert(subgraph.clone(), pool(&part.upstream)?);
                }
                let engine = Engine::new(&schemas, Limits::default());
                let engine = engine.map_err(|error| BuildError::Compose(name.to_owned(), error))?;
                Ok(Serves::Graphql(Arc::new(Composed { engine, subgraphs })))
            }
            None => self.pool(name, "").map(|pool| Serves::Upstream {
                pool,
                subset: Subset::ALL,
                sticky: None,
            }),
        }
    }
}

impl Sticky {
    fn new(sticky: &edge_config::Sticky, key: &[u8], upstream: &str) -> Self {
        let (ttl, same_site) = (sticky.ttl.as_secs(), sticky.same_site.as_str());
        Self {
            cookie: sticky.cookie.clone(),
            attributes: format!("; Path=/; Max-Age={ttl}; HttpOnly; SameSite={same_site}"),
            affinity: Affinity::new(key, upstream),
        }
    }
}
