//! The operator's listener: metrics, health and status for everybody on the machine, and with the token what changes the edge:
//! reloads, rollbacks, overrides of targets and breakers;
//! and what tells more than everybody should know: explanations, comparisons. Keep it off the public network.

mod answer;
mod cache;
mod diff;
mod endpoint;
mod explain;
mod guard;
mod handover;
mod metrics;
mod overrides;
mod reloads;
mod status;
mod token;

pub(crate) use guard::Guard;
pub(crate) use token::{Token, USUAL_FILE as USUAL_TOKEN_FILE};

use crate::{edge::Edge, overrides::Who, phase::arrive::fresh_id};
use answer::{Answer, Refusal};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use edge_policy::request_id::request_id;
use endpoint::{Deed, Endpoint, Look};
use http::{Method, Response};
use percent_encoding::percent_decode_str;
use pingora_core::{apps::http_app::ServeHttp, protocols::http::ServerSession};
use serde_json::json;
use shared_contracts::{Code, header as names};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// To read a request and to write its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest body, bytes: a whole configuration fits.
const LARGEST_BODY: usize = 1024 * 1024;

/// Answers operators.
pub(crate) struct Admin {
    /// The edge that is operated.
    pub(crate) edge: Arc<Edge>,
    /// Who may.
    pub(crate) guard: Guard,
}

/// A request of somebody who showed the token.
struct Operation {
    who: Who,
    request_id: String,
    body: Bytes,
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        session.set_write_timeout(Some(PATIENCE));
        let given = { session.req_header() }.headers.get(names::REQUEST_ID);
        let given = given.map(http::HeaderValue::as_bytes);
        let request_id = request_id(given, fresh_id);
        let bare = session.req_header().method == Method::HEAD;
        let answer = self.answer(session, &request_id).await.unwrap_or_else(|refusal| {
            // What was not read of the request would be taken for the next one.
            session.set_keepalive(None);
            refusal.into_answer(&request_id)
        });
        answer.into_response(&request_id, bare)
    }
}

impl Admin {
    async fn answer(&self, session: &mut ServerSession, request_id: &str) -> Result<Answer, Refusal> {
        let head = session.req_header();
        let (headers, method) = (head.headers.clone(), head.method.clone());
        // Which page asks, before anything is told.
        self.guard.check_page(&headers)?;
        let path = head.uri.path().to_owned();
        let segments = segments(&path)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let nothing = || {
            Refusal::new(
                Code::NotFound,
                "There is nothing here; docs/operating.md lists what there is.",
            )
        };
        let endpoint = Endpoint::of(&segments).ok_or_else(nothing)?;
        if !endpoint.answers(&method) {
            let detail = format!("This path answers to {}.", endpoint.methods());
            return Err(Refusal::new(Code::MethodNotAllowed, detail).allow(endpoint.methods()));
        }
        let remote = session.client_addr().map(ToString::to_string).unwrap_or_default();
        match endpoint {
            Endpoint::Look(look) => {
                if !look.is_open() {
                    self.guard.identify(&headers, remote)?;
                }
                Ok(self.show(look))
            }
            Endpoint::Deed(deed) => {
                let operation = Operation {
                    who: self.guard.identify(&headers, remote)?,
                    request_id: request_id.to_owned(),
                    body: body(session).await?,
                };
                self.perform(deed, &method, operation).await
            }
        }
    }

    fn show(&self, look: Look) -> Answer {
        let edge = &self.edge;
        match look {
            Look::Metrics => Answer::text(crate::metrics::CONTENT_TYPE, metrics::page(edge).into_bytes()),
            Look::Health => Answer::json(&json!({ "success": true, "status": "ok", "service": "edge" })),
            Look::Status => Answer::json(&status::status(edge)),
            Look::Upstreams => Answer::json(&status::upstreams(&edge.generation.load())),
            Look::Overrides => Answer::json(&json!({ "overrides": status::overrides(edge) })),
            Look::Config => Answer::json(edge.generation.load().source.sources.load().effective()),
            Look::Generations => Answer::json(&json!({ "generations": edge.board.generations() })),
        }
    }

    async fn perform(&self, deed: Deed<'_>, method: &Method, operation: Operation) -> Result<Answer, Refusal> {
        let edge = &self.edge;
        let is_put = *method == Method::PUT;
        match deed {
            Deed::Explain => explain::explain(edge, &operation).await,
            Deed::Diff => diff::diff(edge, &operation).await,
            Deed::Purge => cache::purge(edge, operation).await,
            Deed::Upgrade => handover::upgrade(edge, operation).await,
            Deed::Reload => reloads::reload(edge, operation).await,
            Deed::Rollback(number) => reloads::rollback(edge, number, operation).await,
            Deed::Target(upstream, target) if is_put => overrides::set_target(edge, upstream, target, operation).await,
            Deed::Target(upstream, target) => overrides::clear_target(edge, upstream, target, operation).await,
            Deed::Breaker(upstream) if is_put => overrides::set_breaker(edge, upstream, operation).await,
            Deed::Breaker(upstream) => overrides::clear_breaker(edge, upstream, operation).await,
        }
    }
}

/// The path's segments, each decoded by itself: the name of an upstream may hold anything.
fn segments(path: &str) -> Result<Vec<String>, Refusal> {
    let segments = path.split('/').skip(1).map(|segment| {
        let text = percent_decode_str(segment).decode_utf8();
        text.map(|text| text.into_owned())
            .map_err(|_| Refusal::new(Code::BadRequest, "The path is not UTF-8."))
    });
    segments.collect()
}

async fn body(session: &mut ServerSession) -> Result<Bytes, Refusal> {
    let read = async {
        let mut body = BytesMut::new();
        while let Ok(Some(piece)) = session.read_request_body().await {
            if body.len() + piece.len() > LARGEST_BODY {
                return Err(Refusal::new(Code::BodyTooLarge, "A request here has at most 1 MiB."));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    };
    let slow = |_| Refusal::new(Code::RequestTimeout, "The request took too long to arrive.");
    timeout(PATIENCE, read).await.map_err(slow)?
}
