//! What a generation takes over from the one before it. What has the same settings is the same object: its tasks, its
//! connections and all it knows go on. What has others is made anew, and finds health, sessions, keys and ended sessions again.

use super::{BuildError, Generation, Parts, Source};
use crate::{
    store::{Issuer, IssuerSettings, Keys},
    tls::{Identity, IdentitySettings, TlsError},
    upstream::{HealthSettings, Labels, OutlierSettings, Pool, PoolSettings, RoomSettings, TargetSpec},
};
use edge_config::{CircuitBreaker, Concurrency, Config, Jwt, KeySource, Outlier, Upstream};
use edge_policy::rate_limit::Part;
use http::HeaderName;
use shared_identity::VerifierSettings;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

type Pools = BTreeMap<String, Arc<Pool>>;

/// The upstreams.
pub(super) fn pools(source: &Source, parts: &Parts, previous: Option<&Generation>) -> Result<Pools, BuildError> {
    let pools = source.config.upstreams.iter().map(|(name, upstream)| {
        let settings = pool_settings(source, name, upstream);
        let old = previous.and_then(|previous| previous.pools.get(name));
        let pool = match old {
            Some(old) if old.settings == settings => Arc::clone(old),
            _ => {
                let cells = parts.metrics.upstream(name);
                let old = old.map(|old| &**old);
                let identity = identity(&settings, parts, old);
                let identity = identity.map_err(|error| BuildError::Identity(name.clone(), error))?;
                Arc::new(Pool::new(name, settings, identity, &parts.states, cells, old))
            }
        };
        Ok((name.clone(), pool))
    });
    pools.collect()
}

/// How TLS is spoken with an upstream. The same identity keeps its connections.
fn identity(settings: &PoolSettings, parts: &Parts, old: Option<&Pool>) -> Result<Option<Arc<Identity>>, TlsError> {
    let Some(tls) = &settings.tls else { return Ok(None) };
    let old = old.filter(|old| old.settings.tls.as_ref() == Some(tls));
    match old.and_then(|old| old.identity.as_ref()) {
        Some(old) => Ok(Some(Arc::clone(old))),
        None => parts.identities.make(tls).map(Some),
    }
}

fn pool_settings(source: &Source, name: &str, upstream: &Upstream) -> PoolSettings {
    let (config, instances) = (&source.config, upstream.instances());
    let server_name = |address: &str| {
        upstream
            .tls
            .as_ref()
            .map_or_else(Arc::default, |tls| tls.name_of(address).into())
    };
    let specs = instances.iter().map(|target| TargetSpec {
        address: target.address.clone(),
        weight: target.weight,
        labels: Arc::new(target.labels.clone()),
        server_name: server_name(&target.address),
        records: upstream.records(),
    });
    let breaker = { &upstream.circuit_breaker }
        .as_ref()
        .and_then(|name| config.circuit_breakers.get(name));
    PoolSettings {
        specs: specs.collect(),
        refresh: *upstream.refresh(),
        servers: upstream.servers().to_vec(),
        subsets: subsets(config, name),
        method: upstream.load_balancing.method(),
        ring_key: upstream.ring_key.clone(),
        slow_start: upstream.slow_start.map_or(Duration::ZERO, |time| *time),
        failures: match &upstream.outlier {
            Some(outlier) => outlier.statuses.iter().copied().collect(),
            None => Outlier::default().statuses.into_iter().collect(),
        },
        outlier: upstream.outlier.as_ref().map(|outlier| OutlierSettings {
            terms: outlier.to_policy(),
            eject_for: *outlier.eject_for,
            max_ejected: outlier.max_ejected.ratio() as f32,
        }),
        breaker: breaker.map(CircuitBreaker::to_policy),
        most_per_target: breaker
            .and_then(|breaker| breaker.max_requests_per_target)
            .unwrap_or(u32::MAX),
        room: upstream.concurrency.as_ref().map(|concurrency| RoomSettings {
            bounds: concurrency.bounds(),
            queue: concurrency.queue.min(Concurrency::MOST_QUEUED) as usize,
            wait: *concurrency.wait,
        }),
        health: upstream.health_check.as_ref().map(|check| HealthSettings {
            path: check.path.clone(),
            interval: *check.interval,
            timeout: *check.timeout,
            thresholds: check.thresholds(),
        }),
        tls: upstream.tls.as_ref().map(|tls| IdentitySettings::of(source, tls)),
    }
}

/// What routes choose by among the targets of an upstream.
fn subsets(config: &Config, upstream: &str) -> Vec<Labels> {
    let routes = { &config.routes }
        .values()
        .filter(|route| route.upstream.as_deref() == Some(upstream));
    let subsets: BTreeSet<&Labels> = routes
        .map(|route| &route.subset)
        .filter(|subset| !subset.is_empty())
        .collect();
    subsets.into_iter().cloned().collect()
}

/// The issuers of tokens.
pub(super) fn issuers(
    source: &Source,
    pools: &Pools,
    previous: Option<&Generation>,
) -> Result<BTreeMap<String, Arc<Issuer>>, BuildError> {
    let issuers = source.config.jwt.iter().filter_map(|(name, jwt)| {
        let settings = issuer_settings(name, jwt, source)?;
        let old = previous.and_then(|previous| previous.issuers.get(name));
        let issuer = match old {
            Some(old) if old.settings == settings => Arc::clone(old),
            _ => {
                let pool = settings
                    .upstream()
                    .and_then(|upstream| pools.get(upstream))
                    .map(Arc::clone);
                match Issuer::new(settings, pool, old.map(|old| &**old)) {
                    Ok(issuer) => Arc::new(issuer),
                    Err(error) => return Some(Err(BuildError::Keys(name.clone(), error))),
                }
            }
        };
        Some(Ok((name.clone(), issuer)))
    });
    issuers.collect()
}

fn issuer_settings(name: &str, jwt: &Jwt, source: &Source) -> Option<IssuerSettings> {
    let keys = match jwt.jwks.source()? {
        KeySource::Upstream { name, path } => Keys::Upstream {
            upstream: name.to_owned(),
            path: path.to_owned(),
            refresh: *jwt.jwks.refresh,
        },
        KeySource::File(file) => Keys::Text(source.keys.get(file)?.clone()),
    };
    let revocation = jwt.revocation.as_ref();
    Some(IssuerSettings {
        verifier: verifier_settings(name, jwt, &source.config),
        keys,
        revocation_channel: revocation.map(|revocation| revocation.redis_channel.clone()),
    })
}

fn verifier_settings(name: &str, jwt: &Jwt, config: &Config) -> VerifierSettings {
    let forward = jwt.forward_claims.iter().filter_map(|(claim, header)| {
        let header = HeaderName::from_bytes(header.as_bytes()).ok()?;
        Some((claim.clone(), header))
    });
    let kind = |kind: &String| (kind != "none").then(|| kind.clone());
    // What any route compares, or any limit counts by, is kept of each token.
    let routes = config.routes.values();
    let routes = routes.filter(|route| route.auth.issuers().iter().any(|issuer| issuer == name));
    let required = routes.flat_map(|route| route.auth.required()).map(|(claim, _)| claim);
    let parts = config.rate_limits.values().flat_map(|limit| &limit.key);
    let counted = parts.filter_map(|part| match part {
        Part::Claim(claim) => Some(claim),
        _ => None,
    });
    let compared: BTreeSet<&String> = required.chain(counted).collect();
    VerifierSettings {
        issuer: jwt.issuer.clone(),
        audience: jwt.audience.clone(),
        algorithms: jwt.algorithms.iter().copied().map(Into::into).collect(),
        types: jwt.types.iter().map(kind).collect(),
        leeway: jwt.leeway.as_secs(),
        forward: forward.collect(),
        compared: compared.into_iter().cloned().collect(),
        ..VerifierSettings::default()
    }
}

impl Generation {
    /// It is the one that serves now: what was taken over turns to its parts, and to what operators said meanwhile.
    pub(crate) fn take_over(&self) {
        for issuer in self.issuers.values() {
            if let Some(pool) = issuer.settings.upstream().and_then(|upstream| self.pools.get(upstream)) {
                issuer.follow(pool);
            }
        }
        self.reweigh();
    }

    /// Takes the shares that operators have set since.
    pub(crate) fn reweigh(&self) {
        for pool in self.pools.values() {
            pool.reweigh();
        }
    }
}
