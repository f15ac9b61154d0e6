//! `/graphql`: answered by the composed schema; its subgraph calls use the same pools, health and bounds.

use super::{admit::too_large, forward};
use crate::{
    context::RequestContext,
    edge::Edge,
    front::{Wire, refusal},
    generation::{Composed, Route},
    heads::{self, Head},
    problem::{ClientError, Stop},
    tunnel::client::while_there,
    upstream::{Ask, CallError, OnBehalf, PeerTimeouts},
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use edge_graphql::{Answer, Call, HttpRequest, SubgraphClient, SubgraphError};
use edge_policy::{shed::Level, wire::Fault};
use http::{HeaderValue, header};
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use shared_contracts::Code;
use std::{
    mem,
    net::IpAddr,
    time::{Duration, Instant},
};
use tokio::time::timeout_at;

/// Where every subgraph answers.
const SUBGRAPH_PATH: &[u8] = b"/graphql";
/// Largest answer of one subgraph, bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// What a subgraph leaves of the request's time to the edge, to answer in.
const RESERVE: Duration = Duration::from_millis(250);

/// Answers an admitted request.
pub(crate) async fn answer(
    edge: &Edge,
    route: &Route,
    composed: &Composed,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<Answer, Stop> {
    let body = read_body(route, session, ctx).await?;
    let head = session.req_header();
    let template = template(edge, route, head, ctx);
    let template = template.map_err(|error| {
        tracing::error!(request_id = ctx.request_id, %error, "a subgraph request could not be made");
        ClientError::new(Code::Internal, "Something broke; the request id finds it in the logs.")
    })?;
    let deadline = ctx.began + route.request_timeout.saturating_sub(RESERVE);
    let client = Subgraphs {
        edge,
        route,
        composed,
        template,
        deadline,
        client: ctx.client,
        level: match Level::is_prefetch(&head.headers) {
            true => Some(Level::Low),
            false => route.level,
        },
        request_id: &ctx.request_id,
    };
    // The head is read and the client watched at the same time: it leaves the session for as long.
    let nothing = RequestHeader::build_no_case("GET", b"/", Some(0))?;
    let head = mem::replace(session.req_header_mut(), nothing);
    let request = HttpRequest {
        method: &head.method,
        query: head.uri.query(),
        headers: &head.headers,
        body: &body,
    };
    // Nobody is asked for a client that has left.
    let answer = while_there(session, composed.engine.answer(request, &client, &())).await;
    *session.req_header_mut() = head;
    Ok(answer?)
}

async fn read_body(route: &Route, session: &mut Session, ctx: &mut RequestContext) -> Result<Bytes, ClientError> {
    if session.is_body_done() {
        return Ok(Bytes::new());
    }
    // Nobody behind will say "go on", so the edge does (RFC 9110, section 10.1.1).
    if session.req_header().headers.contains_key(header::EXPECT) {
        session.write_continue_response().await.map_err(|_| broken(ctx))?;
    }
    let mut body = BytesMut::new();
    let deadline = (ctx.began + route.request_timeout).into();
    while let Some(piece) = timeout_at(deadline, session.read_request_body())
        .await
        .map_err(|_| refusal::too_slow())?
        .map_err(|_| broken(ctx))?
    {
        ctx.body_bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if ctx.body_bytes > route.max_body {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    ctx.body_arrived();
    Ok(body.freeze())
}

fn broken(ctx: &RequestContext) -> ClientError {
    if ctx.wire().and_then(Wire::fault) == Some(Fault::TooSlow) {
        return refusal::too_slow();
    }
    ClientError::new(Code::BadRequest, "The body broke off.").closing()
}

/// What all subgraph requests of one client request have in common.
fn template(
    edge: &Edge,
    route: &Route,
    client: &RequestHeader,
    ctx: &RequestContext,
) -> pingora_error::Result<RequestHeader> {
    let mut head = RequestHeader::build_no_case("POST", SUBGRAPH_PATH, Some(20))?;
    head.change(|fields| -> pingora_error::Result<()> {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(host) = client.headers.get(header::HOST) {
            fields.insert(header::HOST, host.clone());
            fields.insert(
                &heads::FORWARDED_HOST,
                ctx.forwarded_host.as_ref().unwrap_or(host).clone(),
            );
        }
        forward::identity(edge.service_token.as_ref(), fields, ctx)?;
        route.headers.request.apply(fields);
        Ok(())
    })?;
    Ok(head)
}

/// The way to the subgraphs for one client request.
struct Subgraphs<'r> {
    edge: &'r Edge,
    route: &'r Route,
    composed: &'r Composed,
    template: RequestHeader,
    deadline: Instant,
    client: IpAddr,
    /// How much all of them matter, whatever is asked.
    level: Option<Level>,
    request_id: &'r str,
}

#[async_trait]
impl SubgraphClient for Subgraphs<'_> {
    type Context = ();

    async fn call(&self, call: Call<'_>, (): &()) -> Result<Bytes, SubgraphError> {
        let subgraph = call.subgraph;
        let pool = self
            .composed
            .subgraphs
            .get(subgraph)
            .ok_or(SubgraphError::Unavailable)?;
        let mut head = self.template.clone();
        head.change(|fields| {
            fields.insert(header::CONTENT_LENGTH, call.body.len().into());
            heads::time_left(fields, self.deadline);
        });
        let ask = Ask {
            pool,
            head: &head,
            body: call.body,
            timeouts: PeerTimeouts::until(self.deadline, self.route.connect_timeout, self.route.pool_idle)
                .silent_for(self.route.first_byte),
            deadline: self.deadline,
            repeatable: call.is_query,
            max_answer: MAX_ANSWER,
        };
        let client = OnBehalf {
            client: self.client,
            retry: &self.route.retry,
            retry_budget: self.route.retry_budget,
            hedge: self.route.hedge.as_ref(),
            level: self
                .level
                .unwrap_or(if call.is_query { Level::Read } else { Level::Write }),
        };
        let reply = self.edge.caller.ask_for(ask, client).await.map_err(|error| {
            if let CallError::CircuitOpen(_) | CallError::Overloaded(_) = error {
                // Told once, when it opened, or counted.
                tracing::debug!(request_id = self.request_id, subgraph, %error, "it is not asked");
                return SubgraphError::Unavailable;
            }
            tracing::warn!(request_id = self.request_id, subgraph, %error, "subgraph call failed");
            match error {
                CallError::Unreachable(_) | CallError::CircuitOpen(_) | CallError::Overloaded(_) => {
                    SubgraphError::Unavailable
                }
                CallError::Timeout(_) => SubgraphError::Timeout,
                CallError::Broken(..) | CallError::TooLarge(_) => SubgraphError::Failed,
            }
        })?;
        if is_graphql(&reply.body) {
            return Ok(reply.body);
        }
        tracing::warn!(
            request_id = self.request_id,
            subgraph,
            status = reply.status,
            "no GraphQL answer"
        );
        Err(match reply.status {
            503 => SubgraphError::Unavailable,
            // The service saw first that the time is over.
            504 => SubgraphError::Timeout,
            _ => SubgraphError::Failed,
        })
    }
}

/// Whether it looks like a GraphQL response; whoever reads it looks closer.
fn is_graphql(body: &[u8]) -> bool {
    let has = |key: &[u8]| body.windows(key.len()).any(|window| window == key);
    body.first() == Some(&b'{') && (has(b"\"data\"") || has(b"\"errors\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_no_graphql_answer() {
        assert!(is_graphql(br#"{"data":null}"#));
        assert!(!is_graphql(br#"{"code":"SERVICE_UNAVAILABLE"}"#));
        assert!(!is_graphql(b"<html>"));
    }
}
