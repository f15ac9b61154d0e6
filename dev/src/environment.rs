//! The variables that each program is started with.

use std::collections::BTreeMap;

use shared_stack::{Error, Result, Stack};

use crate::{
    names::Program,
    platform::Platform,
    secrets::Secrets,
    state::{Entry, State},
};

/// Where the stores are, ours or others.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) databases: BTreeMap<Program, String>,
    pub(crate) redis: String,
    pub(crate) amqp: String,
}

impl Addresses {
    /// Those of a platform whose stores have been started at least once.
    pub(crate) fn of(platform: &Platform, stack: &Stack) -> Result<Self> {
        let settings = &platform.settings;
        let never = || Error::new("the platform has not been brought up yet").cure(platform.command("up"));
        let mut databases = BTreeMap::new();
        for service in Program::SERVICES {
            let own = stack.database_url(service.database().unwrap_or_default())?;
            let url = settings.external_database(service, stack)?.or(own).ok_or_else(never)?;
            databases.insert(service, url);
        }
        let redis = settings
            .external_redis(stack)?
            .or(stack.redis_url()?)
            .ok_or_else(never)?;
        let amqp = settings.external_amqp(stack)?.or(stack.amqp_url()?).ok_or_else(never)?;
        Ok(Self { databases, redis, amqp })
    }
}

/// The file with the token of the edge's operators, in the state directory.
pub(crate) const ADMIN_TOKEN: &str = "admin.token";

/// A file of the state directory.
pub(crate) fn in_state(platform: &Platform, name: &str) -> String {
    platform.dir.join(name).to_string_lossy().into_owned()
}

/// The variables of one instance, over those of this process.
pub(crate) fn variables(platform: &Platform, state: &State, entry: &Entry) -> Result<BTreeMap<String, String>> {
    let addresses = Addresses::of(platform, &platform.stack()?)?;
    let secrets = Secrets::load_or_make(&platform.dir)?;
    let mut all = platform.settings.for_programs();
    let mut set = |name: &str, value: String| all.insert(name.to_owned(), value);
    set("REDIS_URL", addresses.redis);
    set("SERVICE_TOKEN", secrets.token(entry.program).to_owned());
    set("SERVICE_TOKEN_DIGESTS", secrets.digests());
    if entry.program == Program::Edge {
        set("EDGE_BIND", entry.bind.clone());
        set("EDGE_ADMIN_BIND", entry.admin.clone().unwrap_or_default());
        set("EDGE_ADMIN_TOKEN_FILE", in_state(platform, ADMIN_TOKEN));
        set("EDGE_ADMIN_AUDIT_FILE", in_state(platform, "audit.jsonl"));
        set("EDGE_AFFINITY_KEY", secrets.affinity_key);
        for service in Program::SERVICES {
            let targets: Vec<&str> = state.instances(service).map(|entry| entry.bind.as_str()).collect();
            set(&format!("{}_TARGETS", service.upper()), targets.join(","));
        }
        return Ok(all);
    }
    set("BIND", entry.bind.clone());
    set(
        "DATABASE_URL",
        addresses.databases.get(&entry.program).cloned().unwrap_or_default(),
    );
    set("AMQP_URL", addresses.amqp);
    for peer in [Program::Auth, Program::Posts] {
        let all: Vec<String> = state
            .instances(peer)
            .map(|entry| format!("http://{}", entry.bind))
            .collect();
        if !all.is_empty() {
            set(&format!("{}_URL", peer.upper()), all.join(","));
        }
    }
    match entry.program {
        Program::Auth => {
            set("AUTH_KEY_SECRET", secrets.auth_key);
        }
        Program::Media => {
            set("MEDIA_DIR", in_state(platform, "media"));
        }
        _ => {}
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use shared_stack::Wanted;

    use super::*;
    use crate::args::Global;

    fn entry(program: Program, instance: u32, bind: &str) -> Entry {
        Entry {
            program,
            instance,
            bind: bind.to_owned(),
            admin: (program == Program::Edge).then(|| "127.0.0.1:9901".to_owned()),
            process: None,
            wanted: Wanted::Running,
            build: String::new(),
            settings: String::new(),
        }
    }

    #[test]
    fn the_edge_knows_every_instance_and_services_know_their_database() {
        let dir = tempfile::tempdir().unwrap();
        let global = Global {
            state: Some(dir.path().to_owned()),
            free_ports: true,
        };
        let mut platform = Platform::open(&global).unwrap();
        let stores = [
            ("DATABASE_URL_AUTH", "postgres://a"),
            ("DATABASE_URL_POSTS", "postgres://p"),
            ("DATABASE_URL_MEDIA", "postgres://m"),
            ("DATABASE_URL_COMMENTS", "postgres://c"),
            ("DATABASE_URL_NOTIFICATIONS", "postgres://n"),
            ("REDIS_URL", "redis://r"),
            ("AMQP_URL", "amqp://q"),
        ];
        platform.settings = crate::settings::Settings::of(&stores);
        let programs = vec![
            entry(Program::Auth, 1, "127.0.0.1:3001"),
            entry(Program::Comments, 1, "127.0.0.1:3004"),
            entry(Program::Comments, 2, "127.0.0.1:3104"),
            entry(Program::Edge, 1, "0.0.0.0:8080"),
        ];
        let state = State {
            programs,
            ..State::default()
        };
        let edge = variables(&platform, &state, state.entry(Program::Edge, 1).unwrap()).unwrap();
        assert_eq!(edge["COMMENTS_TARGETS"], "127.0.0.1:3004,127.0.0.1:3104");
        assert_eq!(edge["EDGE_BIND"], "0.0.0.0:8080");
        assert!(edge["EDGE_ADMIN_TOKEN_FILE"].ends_with("/admin.token"));
        assert!(!edge.contains_key("DATABASE_URL") && !edge.contains_key("AUTH_KEY_SECRET"));
        let comments = variables(&platform, &state, state.entry(Program::Comments, 2).unwrap()).unwrap();
        assert_eq!(comments["BIND"], "127.0.0.1:3104");
        assert_eq!(comments["DATABASE_URL"], "postgres://c");
        assert_eq!(comments["AUTH_URL"], "http://127.0.0.1:3001");
        assert!(comments["SERVICE_TOKEN"].starts_with("comments."));
        assert!(comments["SERVICE_TOKEN_DIGESTS"].contains("edge:"));
    }
}
