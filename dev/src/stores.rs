//! The stores of a platform: installed, started side by side, stopped side by side.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use shared_stack::{Error, Result, Stack, Store, find::Need, install, probe};

use crate::{names::Program, output::step, platform::Platform, signals, up::seconds};

/// Installs what is missing of `needs`.
pub(crate) fn install(platform: &Platform, needs: &[Need]) -> Result<()> {
    let missing = install::missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name()).collect();
    for need in &missing {
        if let Some(size) = need.size() {
            step("install", &format!("{} is large: {size}", need.name()));
        }
    }
    let log = platform.log("apt");
    if install::way().is_some() {
        step(
            "install",
            &format!("{} through apt (log: {})", names.join(", "), log.display()),
        );
    }
    install::install(&missing, &log)?;
    step("install", &format!("{} installed", names.join(", ")));
    Ok(())
}

/// Starts these stores at the same time, and notes whether one did not run before.
pub(crate) fn start(
    stack: &Stack,
    stores: &[Store],
    cancel: &(dyn Fn() -> bool + Sync),
    changed: &AtomicBool,
) -> Result<()> {
    let one = |store: Store| -> Result<()> {
        let started = stack.start(store, cancel)?;
        if started.new {
            changed.store(true, Ordering::SeqCst);
            let address = stack.address(store)?.unwrap_or_default();
            step(
                "store",
                &format!("{store} on {address}, ready in {}", seconds(started.took)),
            );
        }
        Ok(())
    };
    let one = &one;
    thread::scope(|scope| {
        let running: Vec<_> = stores.iter().map(|store| scope.spawn(move || one(*store))).collect();
        let results: Vec<Result<()>> = running.into_iter().map(join).collect();
        results.into_iter().collect()
    })
}

/// Stops these stores at the same time. Tells which were running.
pub(crate) fn stop(stack: &Stack, stores: &[Store]) -> Result<Vec<Store>> {
    let results: Vec<(Store, Result<bool>)> = thread::scope(|scope| {
        let running: Vec<_> = stores
            .iter()
            .map(|store| (*store, scope.spawn(|| stack.stop(*store))))
            .collect();
        running
            .into_iter()
            .map(|(store, handle)| (store, join(handle)))
            .collect()
    });
    let mut stopped = Vec::new();
    for (store, result) in results {
        if result? {
            step("store", &format!("{store} stopped"));
            stopped.push(store);
        }
    }
    Ok(stopped)
}

/// The stores that we run, and a word on each that we do not.
///
/// # Errors
/// When one that was configured does not answer.
pub(crate) fn ours(platform: &Platform, stack: &Stack) -> Result<Vec<Store>> {
    let settings = &platform.settings;
    for service in Program::SERVICES {
        if let Some(url) = settings.external_database(service, stack)? {
            configured(&format!("DATABASE_URL_{}", service.upper()), &url)?;
        }
    }
    if let Some(url) = settings.external_redis(stack)? {
        configured("REDIS_URL", &url)?;
    }
    if let Some(url) = settings.external_amqp(stack)? {
        configured("AMQP_URL", &url)?;
    }
    settings.private_stores(stack)
}

/// Whether somebody listens at a URL of the person's own.
fn configured(name: &str, url: &str) -> Result<()> {
    let wrong = |why: &str| {
        Error::new(format!("{name}: {why}")).cure(format!("correct {name}, or remove it to get a private store"))
    };
    let address = address_of(url).ok_or_else(|| wrong("it is not scheme://host/…"))?;
    if let Err(error) = probe::connect(&address) {
        return Err(wrong(&format!("{address} does not answer: {error}")));
    }
    step("store", &format!("{name}: {address}"));
    Ok(())
}

/// `host:port` of a store's URL.
fn address_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    let port = match scheme {
        "postgres" | "postgresql" => 5432,
        "redis" | "rediss" => 6379,
        "amqp" => 5672,
        "amqps" => 5671,
        _ => return None,
    };
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    })
}

/// The result of a thread; one that panicked is an error.
pub(crate) fn join<T>(handle: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    handle
        .join()
        .unwrap_or_else(|_| Err(Error::new("an internal failure, shown above")))
}

/// Gives up waiting when the person asked to stop.
pub(crate) fn stop_asked() -> bool {
    signals::asked_to_stop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_url() {
        let of = |url| address_of(url).unwrap();
        assert_eq!(
            of("postgres://u:p%40@db.example:6432/auth_db?sslmode=require"),
            "db.example:6432"
        );
        assert_eq!(of("redis://cache"), "cache:6379");
        assert_eq!(of("amqp://guest:guest@127.0.0.1/%2f"), "127.0.0.1:5672");
        assert_eq!(of("redis://[::1]:7000/0"), "[::1]:7000");
        assert_eq!(address_of("localhost:5432"), None);
        assert_eq!(address_of("mysql://localhost"), None);
    }

    #[test]
    fn a_store_that_does_not_answer_is_named_with_one_cure() {
        let port = shared_stack::ports::free().unwrap();
        let said = configured("REDIS_URL", &format!("redis://127.0.0.1:{port}"))
            .unwrap_err()
            .to_string();
        assert!(
            said.starts_with(&format!("REDIS_URL: 127.0.0.1:{port} does not answer")),
            "{said}"
        );
        assert!(said.contains("cure: correct REDIS_URL"), "{said}");
    }
}
