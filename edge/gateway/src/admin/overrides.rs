//! `…/targets/{address}/override` and `…/breaker`: what operators say about targets and breakers.

use super::{
    Operation,
    answer::{Answer, Refusal},
    status,
};
use crate::{
    edge::Edge,
    overrides::{Event, LONGEST_TTL, Order, Subject, USUAL_TTL, Wish},
    upstream::{BreakerState, Pool},
};
use edge_config::units::TimeSpan;
use edge_policy::balance::Placement;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared_contracts::Code;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::task::spawn_blocking;

/// The heaviest a target may be, as in the file.
const HEAVIEST: u32 = 100;
const LONGEST_REASON: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TargetWord {
    Drain,
    Disable,
    Weight,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetBody {
    state: TargetWord,
    weight: Option<u32>,
    ttl: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum BreakerWord {
    Open,
    Closed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakerBody {
    state: BreakerWord,
    ttl: Option<String>,
    reason: Option<String>,
}

/// `PUT` for a target.
pub(super) async fn set_target(
    edge: &Arc<Edge>,
    upstream: &str,
    target: &str,
    operation: Operation,
) -> Result<Answer, Refusal> {
    let subject = target_subject(edge, upstream, target)?;
    let body: TargetBody = parse(&operation.body)?;
    let wish = Wish {
        subject,
        order: Order::Target(placement(&body)?),
        ttl: ttl(body.ttl.as_deref())?,
        reason: reason(body.reason)?,
    };
    set(edge, wish, operation).await
}

/// `PUT` for a breaker.
pub(super) async fn set_breaker(edge: &Arc<Edge>, upstream: &str, operation: Operation) -> Result<Answer, Refusal> {
    let subject = breaker_subject(edge, upstream)?;
    let body: BreakerBody = parse(&operation.body)?;
    let state = match body.state {
        BreakerWord::Open => BreakerState::Open,
        BreakerWord::Closed => BreakerState::Closed,
    };
    let wish = Wish {
        subject,
        order: Order::Breaker(state),
        ttl: ttl(body.ttl.as_deref())?,
        reason: reason(body.reason)?,
    };
    set(edge, wish, operation).await
}

/// `DELETE` for a target.
pub(super) async fn clear_target(
    edge: &Arc<Edge>,
    upstream: &str,
    target: &str,
    operation: Operation,
) -> Result<Answer, Refusal> {
    let subject = target_subject(edge, upstream, target)?;
    clear(edge, subject, operation).await
}

/// `DELETE` for a breaker.
pub(super) async fn clear_breaker(edge: &Arc<Edge>, upstream: &str, operation: Operation) -> Result<Answer, Refusal> {
    let subject = breaker_subject(edge, upstream)?;
    clear(edge, subject, operation).await
}

async fn set(edge: &Arc<Edge>, wish: Wish, operation: Operation) -> Result<Answer, Refusal> {
    let (subject, acting) = (wish.subject.clone(), Arc::clone(edge));
    let done = unblocked(move || {
        let Operation { who, request_id, .. } = &operation;
        acting.overrides.set(&acting.parts.states, wish, who, request_id)
    });
    done.await?.map_err(|error| not_recorded(&error))?;
    edge.generation.load().reweigh();
    let mut shown = status::overrides(edge);
    let address = subject.address().map(|address| address.to_string());
    shown.retain(|shown| shown.upstream == subject.upstream() && shown.target == address);
    tracing::info!(until = ?shown.first().map(|shown| shown.until), "override of {subject}");
    Ok(Answer::json(&shown.first()))
}

async fn clear(edge: &Arc<Edge>, subject: Subject, operation: Operation) -> Result<Answer, Refusal> {
    let (named, acting) = (subject.to_string(), Arc::clone(edge));
    let done = unblocked(move || {
        let Operation { who, request_id, .. } = &operation;
        acting.overrides.clear(&subject, who, request_id)
    });
    let removed = done.await?.map_err(|error| not_recorded(&error))?;
    edge.generation.load().reweigh();
    if removed {
        tracing::info!("override of {named} taken back");
    }
    Ok(Answer::json(&json!({ "removed": removed })))
}

/// Does what waits for the disk, beside the listener's only thread.
pub(super) async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let broken = |_| {
        Refusal::new(
            Code::Internal,
            "The edge broke over it; the request id finds it in the logs.",
        )
    };
    spawn_blocking(work).await.map_err(broken)
}

/// Writes down what an operator does that is no override, before it is done.
pub(super) async fn record(
    edge: &Arc<Edge>,
    action: &'static str,
    before: Value,
    after: Value,
    operation: Operation,
) -> Result<(), Refusal> {
    let edge = Arc::clone(edge);
    let written = unblocked(move || {
        edge.overrides.write(&Event {
            action,
            subject: None,
            before,
            after,
            ttl: None,
            reason: None,
            who: &operation.who,
            request_id: &operation.request_id,
        })
    });
    written.await?.map_err(|error| not_recorded(&error))
}

/// What cannot be written down is not done.
fn not_recorded(error: &io::Error) -> Refusal {
    tracing::error!(%error, "an operator's change could not be recorded, and was not made");
    let detail = format!("The audit file cannot be written, so nothing was changed: {error}.");
    Refusal::new(Code::AuditFailed, detail)
}

/// The target that an operator means: by its address, or by its name where that has one address alone.
fn target_subject(edge: &Edge, upstream: &str, target: &str) -> Result<Subject, Refusal> {
    let subject = |address| Subject::Target {
        upstream: upstream.to_owned(),
        address,
    };
    // One that is gone may still have an override to be taken back.
    let parsed = target.parse::<SocketAddr>().ok().map(subject);
    if let Some(known) = parsed.filter(|subject| edge.overrides.has(subject)) {
        return Ok(known);
    }
    let generation = edge.generation.load();
    let pool = generation.pools.get(upstream).ok_or_else(|| no_upstream(edge))?;
    match addresses(pool, target).as_slice() {
        [address] => Ok(subject(*address)),
        [] => {
            let rotation = pool.rotation();
            let all: Vec<&str> = rotation.targets.iter().map(|target| &*target.address_text).collect();
            let detail = format!("Upstream {upstream} has no target {target}; it has {}.", all.join(", "));
            Err(Refusal::new(Code::NotFound, detail).field("target"))
        }
        several => {
            let all: Vec<String> = several.iter().map(ToString::to_string).collect();
            let detail = format!("{target} stands for several addresses; name one of {}.", all.join(", "));
            Err(Refusal::new(Code::ValidationFailed, detail).field("target"))
        }
    }
}

fn addresses(pool: &Pool, named: &str) -> Vec<SocketAddr> {
    let rotation = pool.rotation();
    let targets = rotation.targets.iter();
    let meant = targets.filter(|target| *target.address_text == *named || *target.name == *named);
    meant.map(|target| target.address).collect()
}

fn breaker_subject(edge: &Edge, upstream: &str) -> Result<Subject, Refusal> {
    let subject = Subject::Breaker {
        upstream: upstream.to_owned(),
    };
    let known = edge.overrides.has(&subject) || edge.generation.load().pools.contains_key(upstream);
    if known { Ok(subject) } else { Err(no_upstream(edge)) }
}

fn no_upstream(edge: &Edge) -> Refusal {
    let generation = edge.generation.load();
    let names: Vec<&str> = generation.pools.keys().map(String::as_str).collect();
    let detail = format!("There is no such upstream; there are {}.", names.join(", "));
    Refusal::new(Code::NotFound, detail).field("upstream")
}

pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(Code::MalformedJson, format!("The body is not JSON: {error}.")))?;
    serde_json::from_value(value).map_err(|error| Refusal::new(Code::ValidationFailed, format!("{error}.")))
}

fn placement(body: &TargetBody) -> Result<Placement, Refusal> {
    let wrong = |detail: &str| Err(Refusal::new(Code::ValidationFailed, detail).field("weight"));
    match (&body.state, body.weight) {
        (TargetWord::Drain, None) => Ok(Placement::Drain),
        (TargetWord::Disable, None) => Ok(Placement::Disable),
        (TargetWord::Weight, Some(weight @ 1..=HEAVIEST)) => Ok(Placement::Weight(weight)),
        (TargetWord::Weight, Some(0)) => wrong(
            "A weight of 0 would leave clients where they are without saying so; to take a target out, `drain` it.",
        ),
        (TargetWord::Weight, Some(_)) => wrong("A weight is at most 100."),
        (TargetWord::Weight, None) => wrong("Say which weight, 1 to 100."),
        (_, Some(_)) => wrong("A weight goes with state `weight` alone."),
    }
}

fn ttl(text: Option<&str>) -> Result<Duration, Refusal> {
    let Some(text) = text else { return Ok(USUAL_TTL) };
    let wrong = |detail: String| Refusal::new(Code::ValidationFailed, detail).field("ttl");
    let span: TimeSpan = text.parse().map_err(wrong)?;
    if span.0 > LONGEST_TTL {
        let detail = "An override holds at most 7d; what shall last longer belongs into the file.";
        return Err(wrong(detail.to_owned()));
    }
    Ok(span.0)
}

fn reason(text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.filter(|text| !text.trim().is_empty());
    match &text {
        Some(text) if text.chars().count() > LONGEST_REASON || text.chars().any(char::is_control) => {
            let detail = "A reason is one line of at most 200 characters.";
            Err(Refusal::new(Code::ValidationFailed, detail).field("reason"))
        }
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn placed(body: &str) -> Result<Placement, String> {
        let body: TargetBody = parse(body.as_bytes()).map_err(|refusal| format!("{refusal:?}"))?;
        placement(&body).map_err(|refusal| format!("{refusal:?}"))
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_cure() {
        assert_eq!(placed(r#"{"state":"drain"}"#), Ok(Placement::Drain));
        assert_eq!(placed(r#"{"state":"weight","weight":100}"#), Ok(Placement::Weight(100)));
        for (body, cure) in [
            (r#"{"state":"weight","weight":0}"#, "`drain`"),
            (r#"{"state":"weight","weight":101}"#, "at most 100"),
            (r#"{"state":"weight"}"#, "1 to 100"),
            (r#"{"state":"drain","weight":1}"#, "alone"),
            (r#"{"state":"gone"}"#, "`drain`"),
            (r#"{"state":"drain","tll":"1h"}"#, "`ttl`"),
            ("", "not JSON"),
        ] {
            assert!(placed(body).unwrap_err().contains(cure), "{body}: {:?}", placed(body));
        }
    }

    #[test]
    fn a_time_has_a_unit_and_a_bound() {
        assert_eq!(ttl(None).unwrap(), Duration::from_secs(3600));
        assert_eq!(ttl(Some("7d")).unwrap(), LONGEST_TTL);
        for wrong in ["7d1s", "30", "soon", "0s"] {
            assert!(ttl(Some(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(reason(Some("  ".into())).unwrap(), None);
        assert!(reason(Some("a\nb".into())).is_err() && reason(Some("x".repeat(201))).is_err());
    }
}
