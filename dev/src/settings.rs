//! What the person configured: the environment, and `.env` for what the environment lacks.

use std::{collections::BTreeMap, env, path::Path};

use shared_stack::{Result, Stack, Store};

use crate::{env_file, names::Program};

/// Variables of the environment that change how a program behaves, so that a change of one restarts it.
const KNOBS: [&str; 11] = [
    "AMQP_EXCHANGE",
    "BCRYPT_COST",
    "COOKIE_SECURE",
    "DATABASE_POOL",
    "DRAIN_SECONDS",
    "KEY_ROTATION_DAYS",
    "LOG_FORMAT",
    "MAX_CONNECTIONS",
    "REDIS_PREFIX",
    "RUST_LOG",
    "WEB_ORIGIN",
];

/// The merged settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    file: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

impl Settings {
    /// Reads `.env` and the environment.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let file = env_file::load(&root.join(".env"))?.into_iter().collect();
        let readable = env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let environment = readable.filter(|(_, value)| !value.is_empty()).collect();
        Ok(Self { file, environment })
    }

    /// One setting; the environment wins.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .or_else(|| self.file.get(name))
            .map(String::as_str)
    }

    /// What every program gets on top of the environment, and what of the environment it depends on.
    pub(crate) fn for_programs(&self) -> BTreeMap<String, String> {
        let mut all = self.file.clone();
        for knob in KNOBS {
            if let Some(value) = self.environment.get(knob) {
                all.insert(knob.to_owned(), value.clone());
            }
        }
        // What tells where stores are, and secrets, which may be those of a composed platform, are ours to set.
        let set_by_us = |name: &str| {
            let prefixes = [
                "DATABASE_URL",
                "REDIS_URL",
                "AMQP_URL",
                "SERVICE_TOKEN",
                "AUTH_KEY_SECRET",
                "EDGE_AFFINITY_KEY",
            ];
            prefixes.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with("_PASSWORD") || name == "BIND"
        };
        all.retain(|name, _| !set_by_us(name));
        all
    }

    /// A store's URL that was configured, and is not merely our own one, echoed by `cargo dev env`.
    fn external(&self, name: &str, own: Option<&str>) -> Option<String> {
        let given = self.get(name)?;
        (own != Some(given)).then(|| given.to_owned())
    }

    /// The database of a service that is not ours.
    pub(crate) fn external_database(&self, service: Program, stack: &Stack) -> Result<Option<String>> {
        let Some(database) = service.database() else {
            return Ok(None);
        };
        let own = stack.database_url(database)?;
        Ok(self.external(&format!("DATABASE_URL_{}", service.upper()), own.as_deref()))
    }

    /// A Redis that is not ours.
    pub(crate) fn external_redis(&self, stack: &Stack) -> Result<Option<String>> {
        Ok(self.external("REDIS_URL", stack.redis_url()?.as_deref()))
    }

    /// A broker that is not ours.
    pub(crate) fn external_amqp(&self, stack: &Stack) -> Result<Option<String>> {
        Ok(self.external("AMQP_URL", stack.amqp_url()?.as_deref()))
    }

    /// The stores that we run ourselves.
    pub(crate) fn private_stores(&self, stack: &Stack) -> Result<Vec<Store>> {
        let mut stores = Vec::new();
        for store in Store::ALL {
            let ours = match store {
                Store::Redis => self.external_redis(stack)?.is_none(),
                Store::Rabbitmq => self.external_amqp(stack)?.is_none(),
                Store::Postgres => {
                    let mut any = false;
                    for service in Program::SERVICES {
                        any |= self.external_database(service, stack)?.is_none();
                    }
                    any
                }
            };
            if ours {
                stores.push(store);
            }
        }
        Ok(stores)
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let file = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self {
            file,
            environment: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared_stack::Options;

    use super::*;

    #[test]
    fn a_store_with_a_url_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        let stack = Stack::new(dir.path(), Options::default()).unwrap();
        let settings = Settings::of(&[
            ("REDIS_URL", "redis://elsewhere:6379"),
            ("DATABASE_URL_AUTH", "postgres://x/y"),
        ]);
        // PostgreSQL is still needed for the other four.
        assert_eq!(
            settings.private_stores(&stack).unwrap(),
            [Store::Rabbitmq, Store::Postgres]
        );
        assert!(settings.external_database(Program::Auth, &stack).unwrap().is_some());
        assert!(settings.external_database(Program::Posts, &stack).unwrap().is_none());
    }

    #[test]
    fn our_own_address_in_the_environment_stays_ours() {
        let settings = Settings::of(&[("REDIS_URL", "redis://127.0.0.1:20001")]);
        assert_eq!(settings.external("REDIS_URL", Some("redis://127.0.0.1:20001")), None);
        assert!(
            settings
                .external("REDIS_URL", Some("redis://127.0.0.1:20002"))
                .is_some()
        );
    }

    #[test]
    fn where_stores_are_is_not_passed_through() {
        let settings = Settings::of(&[
            ("DATABASE_URL_AUTH", "x"),
            ("POSTGRES_PASSWORD", "x"),
            ("RUST_LOG", "debug"),
        ]);
        assert_eq!(
            settings.for_programs().into_iter().collect::<Vec<_>>(),
            [("RUST_LOG".to_owned(), "debug".to_owned())]
        );
    }
}
