//! `edge status`: what the edge serves, and how it fares.

use super::{
    Failure,
    client::Client,
    place::Asked,
    say,
    target::line,
    told::{outcome, span, told},
};
use crate::{overrides::Shown, reload::ConfigShown};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Shows it.
pub(crate) fn run(asked: &Asked) -> Result<(), Failure> {
    let mut body = Client::new(&asked.place).look("/status")?.ok()?;
    if asked.json {
        say(&body.to_string());
        return Ok(());
    }
    let config: ConfigShown = told(body["config"].take())?;
    let overrides: Vec<Shown> = told(body["overrides"].take())?;
    for line in configuration(&config, &body["generation"])
        .iter()
        .chain(&upstreams(&body["upstreams"]))
    {
        say(line);
    }
    for one in &overrides {
        say(&format!("override {}", line(one)));
    }
    for (name, issuer) in body["issuers"].as_object().into_iter().flatten() {
        let keys = if issuer["keys"] == true {
            "has keys"
        } else {
            "has no keys"
        };
        say(&format!(
            "issuer {name}: {keys}, {} ended sessions",
            issuer["revokedSessions"]
        ));
    }
    if let Some(line) = cache(&body["cache"]) {
        say(&line);
    }
    let word = |name: &str| body[name].as_str().unwrap_or_default();
    say(&format!(
        "quota store {}, {} edges known there, revocations {}",
        word("quotaStore"),
        body["edges"],
        word("revocations")
    ));
    say(&format!(
        "{} requests, {} streams, {} connections",
        body["requestsInFlight"], body["streams"], body["connections"]
    ));
    Ok(())
}

/// One line, where the cache did anything.
fn cache(cache: &Value) -> Option<String> {
    let requests = cache["requests"].as_object()?;
    let did = requests.iter().filter(|(_, count)| count.as_u64() > Some(0));
    let did: Vec<String> = did.map(|(word, count)| format!("{count} {word}")).collect();
    let kept = format!(
        "cache {} answers, {} KiB",
        cache["entries"],
        cache["bytes"].as_u64()? >> 10
    );
    (!did.is_empty()).then(|| format!("{kept}; {}", did.join(", ")))
}

fn configuration(config: &ConfigShown, generation: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "generation {generation} of {}, since {}",
        config.file,
        since(config.loaded_at)
    )];
    if let Some(number) = config.rolled_back_to {
        lines.push(format!(
            "rolled back to what generation {number} was, until the file changes"
        ));
    }
    if !config.needs_upgrade.is_empty() {
        lines.push(format!("needs upgrade: {}", config.needs_upgrade.join(", ")));
    }
    if let Some(last) = &config.last_reload {
        lines.push(format!("last reload ({}), {} ago", last.trigger, since(last.at)));
        lines.extend(outcome(last).iter().map(|line| format!("  {line}")));
    }
    lines
}

fn since(at: DateTime<Utc>) -> String {
    span(u64::try_from((Utc::now() - at).num_seconds()).unwrap_or_default())
}

/// What keeps requests away from all of it.
fn breaker(upstream: &Value) -> String {
    match (upstream["breaker"].as_str(), upstream["circuit"].as_str()) {
        (Some(state @ ("open" | "closed")), _) => format!(" (breaker {state} by hand)"),
        (_, Some(state @ ("open" | "half_open" | "recovering"))) => format!(" (breaker {})", state.replace('_', " ")),
        _ => String::new(),
    }
}

/// How much it does, where that is bounded.
fn room(concurrency: &Value) -> String {
    match concurrency["limit"].as_u64() {
        Some(limit) => format!(", {} of {limit} under way", concurrency["requestsInFlight"]),
        None => String::new(),
    }
}

fn upstreams(upstreams: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, upstream) in upstreams.as_object().into_iter().flatten() {
        lines.push(format!(
            "upstream {name}{}{}",
            breaker(upstream),
            room(&upstream["concurrency"])
        ));
        for target in upstream["targets"].as_array().into_iter().flatten() {
            let text = |key: &str| target[key].as_str().unwrap_or_default();
            let state = text("state").replace('_', " ");
            let reason = match text("reason") {
                "" => String::new(),
                reason => format!(": {reason}"),
            };
            lines.push(format!(
                "  {}  weight {}, {state}{reason}",
                text("address"),
                target["weight"]
            ));
        }
    }
    lines
}
