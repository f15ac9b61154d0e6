//! `edge explain` and the edge agree: on random requests against random configurations, and on some that people ask about.

mod recorder;
mod requests;
mod world;

use crate::support::{Edge, PATIENCE, Setup};
use futures::{StreamExt, stream};
use rand::{SeedableRng, rngs::StdRng};
use recorder::{Notebook, Seen};
use requests::{Answer, Means, Request};
use serde_json::Value;
use shared_testkit::eventually;
use std::{collections::BTreeMap, fs, time::Duration};
use tokio::time::sleep;
use world::World;

/// Configurations, and requests to each. `TEST_FULL=1` tries many more, `EXPLAIN_SEED=n` one of them.
const WORLDS: u64 = 20;
const REQUESTS: usize = 50;
/// Configurations that are tried at a time.
const AT_ONCE: usize = 4;
/// Requests to each that may be explained a moment too early.
const MOMENTS: usize = 2;

/// Explains, sends, and tells the first thing in which the two differ.
async fn differ(edge: &Edge, notebook: &Notebook, request: &Request) -> Result<(Value, Answer), String> {
    notebook.take();
    let explained = edge.ask(http::Method::POST, "/explain", request.to_ask()).await;
    let report = explained.expect_status(200).json();
    let answer = request.send(edge.public).await;
    let seen = notebook.take();
    let verdict = &report["verdict"];
    let told = match verdict["outcome"].as_str().unwrap() {
        "answered" => answered(verdict, &answer, &seen),
        "forwarded" | "tunnelled" => forwarded(&report, &seen),
        other => Err(format!("the outcome is {other}")),
    };
    let told = told.and_then(|()| headers(&report, &answer));
    told.map_err(|difference| format!("{difference}\n{answer:?}\n{seen:?}\n{report:#}"))?;
    Ok((report, answer))
}

#[expect(clippy::needless_pass_by_value, reason = "called with what is at hand")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, explained: T, happened: T) -> Result<(), String> {
    match explained == happened {
        true => Ok(()),
        false => Err(format!("{what}: explained {explained:?}, happened {happened:?}")),
    }
}

/// The edge answers itself, and no service sees anything.
fn answered(verdict: &Value, answer: &Answer, seen: &[Seen]) -> Result<(), String> {
    same("services asked", 0, seen.len())?;
    same("status", verdict["status"].as_u64().unwrap(), u64::from(answer.status))?;
    match &answer.code {
        Some(code) => same("code", verdict["code"].as_str(), Some(code.as_str())),
        None => Ok(()),
    }
}

/// One service sees it, and sees what was explained.
fn forwarded(report: &Value, seen: &[Seen]) -> Result<(), String> {
    same("services asked", 1, seen.len())?;
    let (seen, verdict) = (&seen[0], &report["verdict"]);
    same("upstream", verdict["upstream"].as_str(), Some(&*seen.upstream))?;
    same("target", verdict["target"].as_str(), Some(&*seen.target.to_string()))?;
    same("method", verdict["method"].as_str(), Some(&*seen.method))?;
    same("path", verdict["path"].as_str(), Some(&*seen.path))?;
    for name in facts(report, "removed") {
        let name = name.as_str().unwrap();
        same(name, false, seen.headers.contains_key(name))?;
    }
    let set: Vec<Value> = facts(report, "set");
    for field in &set {
        let (name, value) = (field["name"].as_str().unwrap(), field["value"].as_str().unwrap());
        let got: Vec<_> = seen
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes())
            .collect();
        same(name, true, !got.is_empty())?;
        if !value.starts_with('(') {
            same(name, value.as_bytes(), &got.join(&b", "[..]))?;
        }
    }
    // Whoever is not told to be a user is none.
    for name in ["x-user-id", "x-user-name", "x-user-role", "x-session-id"] {
        let explained = set.iter().any(|field| field["name"] == name);
        same(name, explained, seen.headers.contains_key(name))?;
    }
    Ok(())
}

/// The edge puts into the answer's head what was explained.
fn headers(report: &Value, answer: &Answer) -> Result<(), String> {
    for field in facts(report, "header") {
        let (name, value) = (field["name"].as_str().unwrap(), field["value"].as_str().unwrap());
        let got = answer.header(name).map(still);
        match value.starts_with('(') {
            true => same(name, true, got.is_some())?,
            false => same(name, Some(still(value)), got)?,
        }
    }
    // A service's own field passes unless it is removed or set.
    if answer.header("x-service") == Some("its own") {
        let touched = facts(report, "header_removed")
            .iter()
            .any(|name| name.as_str().unwrap().eq_ignore_ascii_case("x-service"));
        same("x-service removed", touched, false)?;
    }
    for name in ["access-control-allow-origin", "ratelimit", "set-cookie", "retry-after"] {
        let explained = facts(report, "header").iter().any(|field| field["name"] == name);
        let explained = explained || (name == "retry-after" && !facts(report, "retry_after").is_empty());
        let is_preflight = report["verdict"]["status"] == 204;
        if !is_preflight {
            same(name, explained, answer.header(name).is_some())?;
        }
    }
    Ok(())
}

/// A value without the seconds that pass between an explanation and a request.
fn still(value: &str) -> String {
    let parts = value.split(';').map(|part| match part.split_once('=') {
        Some(("t", rest)) => format!("t={}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

fn facts(report: &Value, name: &str) -> Vec<Value> {
    let stages = report["stages"].as_array().unwrap().iter();
    let facts = stages.flat_map(|stage| stage["facts"].as_array().unwrap());
    facts
        .filter(|fact| fact["name"] == name)
        .map(|fact| fact["value"].clone())
        .collect()
}

/// Leaves out of a request what the difference does not need.
async fn shrink(edge: &Edge, notebook: &Notebook, mut request: Request, mut told: String) -> (Request, String) {
    // Without a host there is no request.
    for index in (1..request.headers.len()).rev() {
        let mut smaller = request.clone();
        smaller.headers.remove(index);
        if let Err(difference) = differ(edge, notebook, &smaller).await {
            (request, told) = (smaller, difference);
        }
    }
    (request, told)
}

/// One configuration, and requests to it; gives what became of them.
async fn explore(seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let setup = Setup::new();
    let world = World::random(&mut random, &setup.tokens).await;
    fs::write(setup.file("edge.yaml"), &world.text).unwrap();
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let mut means = Means {
        patterns: &world.patterns,
        tokens: &setup.tokens,
        bound: Vec::new(),
        public: edge.public,
    };
    let (mut outcomes, mut routes, mut moments) = (Vec::new(), Vec::new(), 0);
    for number in 0..REQUESTS {
        let mut request = means.request(&mut random);
        request.headers.push(("X-Request-Id", format!("explore-{number}")));
        let mut differed = differ(&edge, &world.notebook, &request).await;
        if differed.is_err() && moments < MOMENTS {
            // An explanation is of a moment before the request: on a busy machine the request before it may still be counted
            // as under way. What is explained wrongly is so again.
            moments += 1;
            sleep(Duration::from_millis(200)).await;
            differed = differ(&edge, &world.notebook, &request).await;
        }
        match differed {
            Ok((report, answer)) => {
                let cookie = answer
                    .header("set-cookie")
                    .and_then(|cookie| cookie.strip_prefix("bound="));
                means
                    .bound
                    .extend(cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned));
                outcomes.push(outcome(&report));
                routes.push(report["verdict"]["route"].as_str().unwrap_or("-").to_owned());
            }
            Err(told) => {
                let (request, told) = shrink(&edge, &world.notebook, request, told).await;
                panic!("seed {seed}: {told}\n{request:?}\n{}", world.text);
            }
        }
    }
    // The access log names each request's route; what Pingora refuses by itself has no line.
    edge.client()
        .header("x-request-id", "explore-end")
        .get("/health")
        .await
        .expect_status(200);
    let log = eventually(PATIENCE, || async {
        Some(edge.log()).filter(|log| log.contains("explore-end"))
    })
    .await;
    for (number, route) in routes.iter().enumerate() {
        let id = format!("request_id=\"explore-{number}\"");
        if let Some(line) = log
            .lines()
            .find(|line| line.contains(&id) && line.contains("edge::access"))
        {
            assert!(
                line.contains(&format!(" route=\"{route}\" ")),
                "seed {seed}: {route} explained, {line}"
            );
        }
    }
    outcomes
}

/// What became of a request, in one word.
fn outcome(report: &Value) -> String {
    let verdict = &report["verdict"];
    let word = verdict["code"].as_str().or(verdict["outcome"].as_str()).unwrap();
    match verdict["status"].as_u64() {
        Some(status) if verdict["code"].is_null() => status.to_string(),
        _ => word.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_agrees_with_the_edge() {
    let worlds = if std::env::var_os("TEST_FULL").is_some() {
        WORLDS * 8
    } else {
        WORLDS
    };
    let seeds = match std::env::var("EXPLAIN_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..worlds).collect(),
    };
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let explored = stream::iter(seeds)
        .map(|seed| tokio::spawn(explore(seed)))
        .buffer_unordered(AT_ONCE);
    let explored: Vec<_> = explored.collect().await;
    for outcome in explored.into_iter().flat_map(|outcomes| outcomes.unwrap()) {
        *met.entry(outcome).or_default() += 1;
    }
    if std::env::var_os("EXPLAIN_SEED").is_none() {
        for outcome in [
            "200",
            "204",
            "forwarded",
            "tunnelled",
            "BAD_REQUEST",
            "BODY_TOO_LARGE",
            "CROSS_SITE_REQUEST",
            "HEADERS_TOO_LARGE",
            "METHOD_NOT_ALLOWED",
            "RATE_LIMITED",
            "ROUTE_NOT_FOUND",
            "TOKEN_EXPIRED",
            "TOKEN_INVALID",
            "UNAUTHENTICATED",
        ] {
            assert!(met.contains_key(outcome), "nothing came to {outcome}: {met:?}");
        }
    }
}
