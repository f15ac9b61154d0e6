//! What a generation takes over from the one before it. What has the same settings is the same object: its tasks, its
//! connections and all it knows go on. What has others is made anew, and finds health, sessions, keys and ended sessions again.

use super::{Generation, Parts};
use crate::{
    store::{Issuer, IssuerSettings},
    upstream::{HealthSettings, OutlierSettings, Pool, PoolSettings, TargetSpec},
};
use edge_config::{CircuitBreaker, Config, Jwt, Outlier, Upstream};
use shared_identity::VerifierSettings;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

type Pools = BTreeMap<String, Arc<Pool>>;

/// The upstreams.
pub(super) fn pools(config: &Config, parts: &Parts, previous: Option<&Generation>) -> Pools {
    let pools = config.upstreams.iter().map(|(name, upstream)| {
        let settings = pool_settings(config, upstream);
        let old = previous.and_then(|previous| previous.pools.get(name));
        let pool = match old {
            Some(old) if old.settings == settings => Arc::clone(old),
            _ => {
                let cells = parts.metrics.upstream(name);
                let old = old.map(|old| &**old);
                Arc::new(Pool::new(name, settings, &parts.states, cells, old))
            }
        };
        (name.clone(), pool)
    });
    pools.collect()
}

fn pool_settings(config: &Config, upstream: &Upstream) -> PoolSettings {
    let instances = upstream.instances();
    let specs = instances.iter().map(|target| TargetSpec {
        address: target.address.clone(),
        weight: target.weight,
    });
    PoolSettings {
        specs: specs.collect(),
        refresh: *upstream.refresh(),
        method: upstream.load_balancing.method(),
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
        breaker: { &upstream.circuit_breaker }
            .as_ref()
            .and_then(|name| config.circuit_breakers.get(name))
            .map(CircuitBreaker::to_policy),
        health: upstream.health_check.as_ref().map(|check| HealthSettings {
            path: check.path.clone(),
            interval: *check.interval,
            timeout: *check.timeout,
            thresholds: check.thresholds(),
        }),
    }
}

/// The issuers of tokens.
pub(super) fn issuers(config: &Config, pools: &Pools, previous: Option<&Generation>) -> BTreeMap<String, Arc<Issuer>> {
    let issuers = config.jwt.iter().filter_map(|(name, jwt)| {
        let settings = issuer_settings(jwt);
        let old = previous.and_then(|previous| previous.issuers.get(name));
        let issuer = match old {
            Some(old) if old.settings == settings => Arc::clone(old),
            _ => {
                let pool = Arc::clone(pools.get(&settings.upstream)?);
                Arc::new(Issuer::new(settings, pool, old.map(|old| &**old)))
            }
        };
        Some((name.clone(), issuer))
    });
    issuers.collect()
}

fn issuer_settings(jwt: &Jwt) -> IssuerSettings {
    IssuerSettings {
        verifier: VerifierSettings {
            issuer: jwt.issuer.clone(),
            audience: jwt.audience.clone(),
            leeway: jwt.leeway.as_secs(),
            ..VerifierSettings::default()
        },
        upstream: jwt.jwks.upstream.clone(),
        path: jwt.jwks.path.clone(),
        refresh: *jwt.jwks.refresh,
        revocation_channel: jwt
            .revocation
            .as_ref()
            .map(|revocation| revocation.redis_channel.clone()),
    }
}

impl Generation {
    /// It is the one that serves now: what was taken over turns to its parts, and to what operators said meanwhile.
    pub(crate) fn take_over(&self) {
        for issuer in self.issuers.values() {
            if let Some(pool) = self.pools.get(&issuer.settings.upstream) {
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
