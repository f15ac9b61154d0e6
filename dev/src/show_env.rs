//! `env`: the platform's addresses as shell variables.

use std::{collections::BTreeMap, process::ExitCode};

use shared_stack::{Error, Result};

use crate::{
    environment::{ADMIN_TOKEN, Addresses, in_state},
    names::Program,
    output::say,
    platform::Platform,
};

/// Runs `env`.
pub(crate) fn run(platform: &Platform) -> Result<ExitCode> {
    for (name, value) in addresses(platform)? {
        say(&format!("export {name}={}", quoted(&value)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Every address of the platform by the name of its variable.
pub(crate) fn addresses(platform: &Platform) -> Result<BTreeMap<String, String>> {
    let state = platform.state()?;
    let stack = platform.stack()?;
    let stores = Addresses::of(platform, &stack)?;
    let mut all = BTreeMap::new();
    let mut set = |name: String, value: String| all.insert(name, value);
    for program in Program::ALL {
        let urls: Vec<String> = state
            .instances(program)
            .map(|entry| format!("http://{}", entry.reachable("localhost")))
            .collect();
        let Some(first) = urls.first() else {
            return Err(Error::new("the platform has not been brought up yet").cure(platform.command("up")));
        };
        set(format!("{}_URL", program.upper()), first.clone());
        set(format!("{}_URLS", program.upper()), urls.join(","));
    }
    let admin = state.entry(Program::Edge, 1).and_then(|entry| entry.admin.clone());
    let admin = admin.unwrap_or_default();
    set("ADMIN_URL".to_owned(), format!("http://{admin}"));
    let admins = state.instances(Program::Edge).filter_map(|entry| entry.admin.clone());
    let admins: Vec<String> = admins.map(|admin| format!("http://{admin}")).collect();
    set("ADMIN_URLS".to_owned(), admins.join(","));
    // What the commands of `edge` look for.
    set("EDGE_ADMIN".to_owned(), admin);
    set("EDGE_ADMIN_TOKEN_FILE".to_owned(), in_state(platform, ADMIN_TOKEN));
    for (service, url) in stores.databases {
        set(format!("DATABASE_URL_{}", service.upper()), url);
    }
    set("REDIS_URL".to_owned(), stores.redis);
    set("AMQP_URL".to_owned(), stores.amqp);
    if let (None, Some(url)) = (platform.settings.external_amqp(&stack)?, stack.amqp_admin_url()?) {
        set("AMQP_ADMIN_URL".to_owned(), url);
    }
    Ok(all)
}

/// Safe in a shell whatever it holds.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("http://x"), "'http://x'");
        assert_eq!(quoted("a'b"), r"'a'\''b'");
    }
}
