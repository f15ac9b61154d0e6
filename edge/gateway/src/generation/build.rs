//! From a configuration to a generation. Nothing is connected and nothing started here.

use super::{Composed, Generation, Route, Serves, Sticky};
use crate::{
    metrics::Metrics,
    store::{Issuer, IssuerSettings, Quota},
    upstream::{HealthSettings, Pool, Sessions, TargetSpec},
};
use edge_config::{Auth, Config, Loaded, Serves as ServesConfig};
use edge_graphql::{Engine, Limits, Subgraph};
use edge_policy::{
    balance::Affinity,
    cors::{CorsError, CorsPolicy},
    head::HeadLimits,
    route::RouteTable,
};
use shared_identity::VerifierSettings;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

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
    /// A schema cannot be read.
    #[error("routes.{route}: the schema {} cannot be read: {source}", file.display())]
    Schema {
        /// The route.
        route: String,
        /// The file.
        file: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Schemas do not fit together.
    #[error("routes.{0}: the subgraphs do not compose: {1}")]
    Compose(String, edge_graphql::ComposeError),
}

impl Generation {
    /// Builds generation `number` of a configuration. Nothing is connected and nothing started.
    pub(crate) fn build(
        loaded: &Loaded,
        number: u64,
        affinity_key: &[u8],
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        let config = &loaded.config;
        let pools: BTreeMap<_, _> = config
            .upstreams
            .iter()
            .map(|(name, upstream)| (name.clone(), pool(name, upstream, metrics)))
            .collect();
        let mut builder = Builder {
            config,
            metrics,
            affinity_key,
            issuers: issuers(config, &pools),
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
        Ok(Self {
            number,
            routes: RouteTable::new(routes.collect::<Result<Vec<_>, BuildError>>()?),
            pools: builder.pools,
            issuers: builder.issuers,
            trusted_proxies: config.trusted_proxies.clone(),
            head_limits: HeadLimits {
                max_bytes: usize::try_from(config.limits.max_header.0).unwrap_or(usize::MAX),
                max_fields: MAX_FIELDS,
            },
            unrouted: metrics.route("-"),
            sources: loaded.sources.clone(),
        })
    }
}

fn pool(name: &str, upstream: &edge_config::Upstream, metrics: &Metrics) -> Arc<Pool> {
    let instances = upstream.instances();
    let specs = instances.iter();
    let specs = specs
        .map(|target| TargetSpec {
            address: target.address.clone(),
            weight: target.weight,
        })
        .collect();
    let health = upstream.health_check.as_ref().map(|check| HealthSettings {
        path: check.path.clone(),
        interval: *check.interval,
        timeout: *check.timeout,
        thresholds: check.thresholds(),
    });
    Arc::new(Pool::new(name, specs, health, metrics.upstream(name)))
}

fn issuers(config: &Config, pools: &BTreeMap<String, Arc<Pool>>) -> BTreeMap<String, Arc<Issuer>> {
    let issuers = config.jwt.iter().filter_map(|(name, jwt)| {
        let settings = IssuerSettings {
            verifier: VerifierSettings {
                issuer: jwt.issuer.clone(),
                audience: jwt.audience.clone(),
                leeway: jwt.leeway.as_secs(),
                ..VerifierSettings::default()
            },
            pool: Arc::clone(pools.get(&jwt.jwks.upstream)?),
            path: jwt.jwks.path.clone(),
            refresh: *jwt.jwks.refresh,
        };
        Some((name.clone(), Arc::new(Issuer::new(settings))))
    });
    issuers.collect()
}

/// What routes are resolved against.
struct Builder<'c> {
    config: &'c Config,
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
        let issuer = match &route.auth {
            Auth::Public => None,
            Auth::Jwt { name: jwt, .. } => {
                let issuer = self.issuers.get(jwt).ok_or_else(|| missing("jwt", jwt))?;
                let jwt = self.config.jwt.get(jwt);
                let sources = jwt.map(|jwt| jwt.token_from.as_slice()).unwrap_or_default();
                Some((Arc::clone(issuer), sources.into()))
            }
        };
        let quotas = route.rate_limits.iter().map(|limit| {
            let settings = self
                .config
                .rate_limits
                .get(limit)
                .ok_or_else(|| missing("rate limit", limit))?;
            Ok(Arc::new(Quota {
                limit: settings.to_policy(limit),
                cells: self.metrics.limit(limit),
            }))
        });
        let cors = route.cors.as_ref().map(|cors| {
            self.cors
                .get(cors.as_str())
                .map(Arc::clone)
                .ok_or_else(|| missing("cross-origin policy", cors))
        });
        Ok(Arc::new(Route {
            name: name.into(),
            cells: self.metrics.route(name),
            access: route.auth.access(),
            issuer,
            quotas: quotas.collect::<Result<_, BuildError>>()?,
            serves: self.serves(name, route)?,
            max_body: self.max_body(route),
            connect_timeout: *route.timeouts.connect,
            request_timeout: *route.timeouts.request,
            pool_idle: *route.timeouts.idle,
            attempts: route.retries.attempts.max(1),
            streaming: route.streaming,
            rewrite: route.matches.path_prefix.clone().zip(route.rewrite_prefix.clone()),
            cors: cors.transpose()?,
        }))
    }

    /// The smallest that the route and all that it asks take.
    fn max_body(&self, route: &edge_config::Route) -> u64 {
        let upstreams = route
            .upstreams()
            .filter_map(|name| self.config.upstreams.get(name)?.max_body);
        upstreams.chain([route.max_body]).min().map_or(0, |least| least.0)
    }

    fn serves(&self, name: &str, route: &edge_config::Route) -> Result<Serves, BuildError> {
        let missing = |what: &str| BuildError::Missing {
            route: name.to_owned(),
            kind: "upstream",
            name: what.to_owned(),
        };
        let pool = |upstream: &str| {
            self.pools
                .get(upstream)
                .map(Arc::clone)
                .ok_or_else(|| missing(upstream))
        };
        match route.serves() {
            Some(ServesConfig::Upstream(upstream)) => {
                let sticky = self
                    .config
                    .upstreams
                    .get(upstream)
                    .and_then(|upstream| upstream.sticky.as_ref())
                    .filter(|_| route.sticky);
                let sticky = sticky.map(|sticky| Arc::new(Sticky::new(sticky, self.affinity_key, upstream)));
                Ok(Serves::Upstream {
                    pool: pool(upstream)?,
                    sticky,
                })
            }
            Some(ServesConfig::Graphql(graphql)) => {
                let mut schemas = Vec::new();
                let mut subgraphs = BTreeMap::new();
                for (subgraph, part) in &graphql.subgraphs {
                    let sdl = std::fs::read_to_string(&part.schema).map_err(|source| BuildError::Schema {
                        route: name.to_owned(),
                        file: part.schema.clone(),
                        source,
                    })?;
                    schemas.push(Subgraph {
                        name: subgraph.clone(),
                        sdl,
                    });
                    subgraphs.insert(subgraph.clone(), pool(&part.upstream)?);
                }
                let engine = Engine::new(&schemas, Limits::default());
                let engine = engine.map_err(|error| BuildError::Compose(name.to_owned(), error))?;
                Ok(Serves::Graphql(Arc::new(Composed { engine, subgraphs })))
            }
            None => Err(missing("")),
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
            sessions: Sessions::default(),
        }
    }
}
