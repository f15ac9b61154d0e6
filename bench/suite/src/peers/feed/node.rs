//! The Node side: Apollo Server on the platform's own databases, behind the Express gateway; once without a cache, once
//! with the first page in Redis.

use super::Side;
use crate::{
    peers::{
        install,
        peer::Verifies,
        tokens::{Tokens, User},
    },
    platform::{Platform, seed::Seeded},
    run::sign_in,
    system::{
        cpus::Cpus,
        origins::{loopback, retried},
        place::Place,
        process::{Program, Running},
        watch::Watched,
    },
};
use shared_stack::{Result, ports, probe};
use std::{net::SocketAddr, path::Path, time::Duration};

const PATIENCE: Duration = Duration::from_secs(20);
/// Users that sign in; clients share them.
const USERS: usize = 8;

/// The Node programs that run.
pub(super) struct Nodes {
    tokens: Tokens,
    plain: Chain,
    cached: Chain,
}

/// A gateway and the service behind it.
struct Chain {
    address: SocketAddr,
    gateway: Running,
    service: Running,
}

impl Nodes {
    /// Installs what is missing, and starts both variants.
    ///
    /// # Errors
    /// A package cannot be had, or a program does not start.
    pub(super) fn start(place: &Place, platform: &Platform, cpus: Option<&Cpus>) -> Result<Self> {
        let node = install::node(place, "express")?;
        install::node(place, "node-newfeed")?;
        let tokens = Tokens::new();
        let chain = |cache: &str| {
            let serve = |folder: &str, variables: Vec<(&str, String)>| {
                let name = format!("{folder}-{cache}");
                serve(place, &node, folder, &name, &variables, cpus)
            };
            let redis = platform.address("REDIS_URL")?.to_owned();
            let (behind, service) = serve(
                "node-newfeed",
                vec![
                    ("CACHE", cache.to_owned()),
                    ("REDIS_URL", redis.clone()),
                    ("DATABASE_URL_POSTS", platform.address("DATABASE_URL_POSTS")?.to_owned()),
                    ("DATABASE_URL_AUTH", platform.address("DATABASE_URL_AUTH")?.to_owned()),
                ],
            )?;
            let (address, gateway) = serve(
                "express",
                vec![
                    ("MODE", "policies".to_owned()),
                    ("TARGETS", behind.to_string()),
                    ("REDIS_URL", redis),
                    ("JWT_SECRET", tokens.secret().to_owned()),
                ],
            )?;
            Ok(Chain {
                address,
                gateway,
                service,
            })
        };
        Ok(Self {
            plain: chain("none")?,
            cached: chain("redis")?,
            tokens,
        })
    }

    /// All three sides; the platform is the first.
    ///
    /// # Errors
    /// Nobody can sign in, or the platform cannot be asked for its processes.
    pub(super) fn sides(
        &self,
        platform: &Platform,
        seeded: &Seeded,
        runtime: &tokio::runtime::Runtime,
    ) -> Result<Vec<Side>> {
        let edge = platform.edge()?.to_owned();
        let users = seeded.users.iter().take(USERS);
        let signed: Result<Vec<String>> = users
            .map(|user| runtime.block_on(sign_in::token(&edge, &user.email, user.password)))
            .collect();
        let by_secret: Vec<String> = seeded
            .users
            .iter()
            .take(USERS)
            .map(|user| {
                self.tokens
                    .token(User(u32::try_from(user.id).unwrap_or(0)), Verifies::Secret)
            })
            .collect();
        let watched = platform.watched()?;
        let stores = watched
            .iter()
            .filter(|part| ["postgres", "redis"].contains(&part.name.as_str()));
        let stores: Vec<Watched> = stores.cloned().collect();
        let node = |name, version, chain: &Chain| {
            let own = [
                Watched::under_test("express", chain.gateway.pid()),
                Watched::under_test("node-newfeed", chain.service.pid()),
            ];
            Side {
                name,
                version,
                address: format!("http://{}", chain.address),
                tokens: by_secret.clone(),
                watched: own.into_iter().chain(stores.iter().cloned()).collect(),
            }
        };
        let ours = Side {
            name: "newfeed",
            version: concat!(env!("CARGO_PKG_VERSION"), ", this checkout"),
            address: edge,
            tokens: signed?,
            watched,
        };
        Ok(vec![
            ours,
            node("express + node-newfeed", "Apollo Server 5, pg", &self.plain),
            node(
                "express + node-newfeed, cache",
                "Apollo Server 5, pg, Redis",
                &self.cached,
            ),
        ])
    }
}

fn serve(
    place: &Place,
    node: &Path,
    folder: &str,
    name: &str,
    variables: &[(&str, String)],
    cpus: Option<&Cpus>,
) -> Result<(SocketAddr, Running)> {
    retried(|| {
        let address = loopback(ports::free()?);
        let main = place.root.join("bench/peers").join(folder).join("src/main.js");
        let mut program = Program::new(name, node, &[])
            .arg(main)
            .env("NODE_ENV", "production")
            .env("HOST", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .on(cpus);
        for (variable, value) in variables {
            program = program.env(variable, value);
        }
        let running = program.start(place)?;
        running.await_ready(PATIENCE, || {
            probe::http_status(&address.to_string(), "/health").is_ok_and(|status| status == 200)
        })?;
        Ok((address, running))
    })
}
