//! The operator's listener: metrics, health and status. Keep it off the public network.

use crate::{edge::Edge, metrics::CONTENT_TYPE};
use async_trait::async_trait;
use http::{Response, StatusCode, header};
use pingora_core::{apps::http_app::ServeHttp, protocols::http::ServerSession};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Answers `GET /metrics`, `/health` and `/status`.
pub(crate) struct Admin(pub(crate) Arc<Edge>);

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        session.set_write_timeout(Some(Duration::from_secs(5)));
        let head = session.req_header();
        if !matches!(head.method, http::Method::GET | http::Method::HEAD) {
            return answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", b"GET only\n".to_vec());
        }
        match head.uri.path() {
            "/metrics" => answer(StatusCode::OK, CONTENT_TYPE, metrics(&self.0).into_bytes()),
            "/health" => json_answer(&json!({ "success": true, "status": "ok", "service": "edge" })),
            "/status" => json_answer(&status(&self.0)),
            _ => answer(
                StatusCode::NOT_FOUND,
                "text/plain",
                b"try /metrics, /health or /status\n".to_vec(),
            ),
        }
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let length = response.body().len();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

fn json_answer(value: &Value) -> Response<Vec<u8>> {
    answer(
        StatusCode::OK,
        "application/json",
        serde_json::to_vec(value).unwrap_or_default(),
    )
}

fn metrics(edge: &Edge) -> String {
    let mut page = edge.metrics.render();
    let generation = edge.generation.load();
    let name = "edge_target_healthy";
    page.metric(name, "gauge", "Whether requests go to a target: 1 or 0.");
    for pool in generation.pools.values() {
        for target in &pool.rotation().targets {
            let labels = format!("upstream=\"{}\",target=\"{}\"", pool.name, target.address);
            page.value(name, &labels, u8::from(target.is_available()));
        }
    }
    let name = "edge_link_up";
    page.metric(name, "gauge", "Whether something outside can be used: 1 or 0.");
    page.value(name, "link=\"quota_store\"", u8::from(edge.links.quotas.is_up()));
    page.value(name, "link=\"revocations\"", u8::from(edge.links.revocations.is_up()));
    for (issuer, keys) in &generation.issuers {
        page.value(
            name,
            &format!("link=\"jwks:{issuer}\""),
            u8::from(keys.verifier.has_keys()),
        );
    }
    page.finish()
}

/// The same facts for people and tests: targets with their health, and what is missing.
fn status(edge: &Edge) -> Value {
    let generation = edge.generation.load();
    let upstreams: serde_json::Map<String, Value> = generation
        .pools
        .iter()
        .map(|(name, pool)| {
            let rotation = pool.rotation();
            let targets = rotation.targets.iter().map(|target| {
                json!({
                    "name": &*target.name,
                    "address": target.address.to_string(),
                    "weight": target.weight,
                    "healthy": target.is_available(),
                })
            });
            (name.clone(), json!({ "targets": targets.collect::<Vec<_>>() }))
        })
        .collect();
    let issuers: serde_json::Map<String, Value> = generation
        .issuers
        .iter()
        .map(|(name, issuer)| {
            let verifier = &issuer.verifier;
            (
                name.clone(),
                json!({ "keys": verifier.has_keys(), "revokedSessions": verifier.revoked_sessions() }),
            )
        })
        .collect();
    json!({
        "generation": generation.number,
        "upstreams": upstreams,
        "issuers": issuers,
        "quotaStore": if edge.links.quotas.is_up() { "up" } else { "down" },
        "revocations": if edge.links.revocations.is_up() { "complete" } else { "incomplete" },
        "requestsInFlight": edge.metrics.in_flight.get(),
        "streams": edge.metrics.streams.get(),
        "connections": edge.metrics.connections.get(),
    })
}
