//! The table of contents of a request: each hook of Pingora hands over to one phase. Nothing is decided here.

use crate::{
    context::RequestContext,
    edge::Edge,
    front::{HeadArrived, Wire},
    generation::Serves,
    phase::{
        Refreshing, Serving, Way, arrive, cache, fallback, forward, graphql, hedge, neighbour, record, respond, select,
        session, stream, upgrade, way,
    },
    problem::{self, ClientError, Fault, InternalError, Stop},
};
use async_trait::async_trait;
use bytes::Bytes;
use pingora_cache::{CacheKey, CacheMeta, ForcedFreshness, HitHandler, RespCacheable};
use pingora_core::{modules::http::HttpModules, upstreams::peer::HttpPeer};
use pingora_error::{Error, ErrorSource, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, RangeType, Session, range_header_filter};
use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

/// Pingora's view of the edge.
pub(crate) struct EdgeProxy(pub(crate) Arc<Edge>);

/// Most parts of an answer that are given at once.
const MOST_PARTS: usize = 200;

/// A refusal that waits in the context; Pingora's error only carries the fact.
const REFUSED: ErrorType = ErrorType::Custom("Refused");

impl EdgeProxy {
    /// Finds out where the request's way leads, and answers what the edge answers itself. `true`: the answer is written.
    async fn answer_here(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<bool, Stop> {
        // arrive, route, admit
        let peer = arrive::peer(session);
        let way = match cache::is_refresh(session) {
            true => Box::pin(way(&mut Refreshing(&self.0), session, peer, ctx)).await?,
            false => way(&mut Serving(&self.0), session, peer, ctx).await?,
        };
        if ctx.route.as_ref().is_some_and(|route| route.streaming.is_some()) && !matches!(way, Way::Preflight(_)) {
            ctx.stays_open();
        }
        match way {
            Way::Health => respond::health(session, ctx).await?,
            Way::Redirect(location) => respond::redirect(session, &location, ctx).await?,
            Way::Preflight(fields) => respond::preflight(session, fields, ctx).await?,
            Way::Last => respond::preflight(session, Vec::new(), ctx).await?,
            Way::Graphql(route) => {
                if let Serves::Graphql(composed) = &route.serves {
                    // Boxed, as the tunnel's is: Pingora moves the state of this hook, and most requests need neither.
                    let answer = Box::pin(graphql::answer(&self.0, &route, composed, session, ctx)).await?;
                    ctx.operation.clone_from(&answer.operation);
                    respond::graphql(session, answer, ctx).await?;
                }
            }
            Way::Tunnel(route) => Box::pin(upgrade::open(&self.0, &route, session, ctx)).await?,
            Way::Stream(route) => Box::pin(stream::pass(&self.0, &route, session, ctx)).await?,
            Way::Hedge(route) => Box::pin(hedge::pass(&self.0, &route, session, ctx)).await?,
            Way::Service(_) => return Ok(false),
        }
        Ok(true)
    }
}

#[async_trait]
impl ProxyHttp for EdgeProxy {
    type CTX = RequestContext;

    fn new_ctx(&self) -> RequestContext {
        RequestContext::new(Arc::clone(&self.0))
    }

    /// The head is there: see [`crate::front`].
    fn on_connection_reuse(&self, session: &mut Session, ctx: &mut RequestContext, head: Box<dyn Any + Send + Sync>) {
        if let Ok(head) = head.downcast::<HeadArrived>() {
            ctx.connection(head.tell(session.is_body_done()));
        }
    }

    /// None: Pingora's compression module holds event streams back.
    fn init_downstream_modules(&self, _modules: &mut HttpModules) {}

    async fn request_filter(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<bool> {
        match self.answer_here(session, ctx).await {
            Ok(answered) => Ok(answered),
            Err(Stop::Refused(error)) => respond::refuse(session, &error, ctx).await.map(|()| true),
            Err(Stop::Failed(error)) => {
                let answer = log(&error, ctx);
                answer_instead(session, &answer, ctx).await.map(|()| true)
            }
            Err(Stop::Leaving) => respond::end_session(session, ctx).await.map(|()| true),
            // Whoever asked a service said so; all others write to the client.
            Err(Stop::Broken(error)) if *error.esource() == ErrorSource::Unset => Err(error.into_down()),
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    fn request_cache_filter(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<()> {
        cache::open(&self.0, session, ctx);
        Ok(())
    }

    fn cache_key_callback(&self, _session: &Session, ctx: &mut RequestContext) -> Result<CacheKey> {
        cache::lookup_key(ctx).ok_or_else(|| Error::explain(ErrorType::InternalError, "no key"))
    }

    fn cache_miss(&self, session: &mut Session, ctx: &mut RequestContext) {
        cache::missed(session, ctx);
    }

    async fn cache_hit_filter(
        &self,
        _session: &mut Session,
        meta: &CacheMeta,
        _reader: &mut HitHandler,
        is_fresh: bool,
        ctx: &mut RequestContext,
    ) -> Result<Option<ForcedFreshness>> {
        Ok(cache::found(meta, is_fresh, ctx))
    }

    fn cache_vary_filter(&self, meta: &CacheMeta, ctx: &mut RequestContext, head: &RequestHeader) -> Option<[u8; 16]> {
        cache::variant(&self.0, meta, head, ctx)
    }

    fn should_serve_stale(&self, session: &mut Session, ctx: &mut RequestContext, error: Option<&Error>) -> bool {
        let Some(error) = error else {
            cache::renews(session, ctx);
            return true;
        };
        if let (Some(status), Some(route)) = (cache::failed_with(error), ctx.route.clone()) {
            // Another target may answer better; what is stale comes after the last of them.
            let replayable = !session.as_ref().retry_buffer_truncated();
            let method = &session.req_header().method;
            if let Err(again) = select::answered(&route, method, status, replayable, ctx) {
                cache::ask_again(again, ctx);
                return false;
            }
        }
        cache::is_theirs(error)
    }

    fn response_cache_filter(
        &self,
        session: &Session,
        response: &ResponseHeader,
        ctx: &mut RequestContext,
    ) -> Result<RespCacheable> {
        Ok(cache::keep(&self.0, session, response, ctx))
    }

    fn range_header_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        _ctx: &mut RequestContext,
    ) -> RangeType {
        match cache::gives_part(session.req_header(), response) {
            true => range_header_filter(session.req_header(), response, Some(MOST_PARTS)),
            false => RangeType::None,
        }
    }

    /// The peer of the first try: who is refused here may keep the connection, which Pingora closes on one that fails later.
    async fn proxy_upstream_filter(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<bool> {
        if let Err(refusal) = cache::may_ask(session, ctx) {
            return respond::refuse(session, &refusal, ctx).await.map(|()| false);
        }
        match self.peer(session, ctx).await {
            Ok(peer) => {
                ctx.peer = Some(peer);
                Ok(true)
            }
            // A stale answer is better than none: Pingora looks for it where a try fails.
            Err(_) if session.cache.can_serve_stale_error() => Ok(true),
            Err(error) => {
                let answer = log(&error, ctx);
                answer_instead(session, &answer, ctx).await?;
                Ok(false)
            }
        }
    }

    async fn upstream_peer(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<Box<HttpPeer>> {
        if let Some(peer) = ctx.peer.take() {
            return Ok(peer);
        }
        match self.peer(session, ctx).await {
            Ok(peer) => Ok(peer),
            Err(error) => Err(self.stop(&error, ctx)),
        }
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        ctx: &mut RequestContext,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(route) = ctx.route.clone() {
            select::not_connected(&route, &mut error, ctx);
        }
        error
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        head: &mut RequestHeader,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        match &ctx.route {
            Some(route) => forward::head(self.0.service_token.as_ref(), route, head, ctx),
            None => Ok(()),
        }
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        let Some(route) = ctx.route.clone() else {
            return Ok(());
        };
        forward::body(&route, body, end_of_stream, ctx).map_err(|refusal| {
            ctx.refusal = Some(refusal);
            Error::explain(REFUSED, "the body is too large").into_down()
        })
    }

    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        ctx: &mut RequestContext,
        client_reused: bool,
    ) -> Box<Error> {
        if let Some(route) = ctx.route.clone() {
            let exchange = select::Exchange {
                method: &session.req_header().method.clone(),
                reused: client_reused,
                answered: session.response_written().is_some() || cache::has_begun(ctx),
                replayable: !session.as_ref().retry_buffer_truncated(),
            };
            select::broke_off(&route, &mut error, &exchange, ctx);
        }
        error
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        neighbour::check(response)?;
        if response.status.is_informational() {
            return Ok(());
        }
        let Some(route) = ctx.route.clone() else {
            return Ok(());
        };
        if let Some(again) = cache::arrived_in_vain(ctx) {
            return Err(again);
        }
        let replayable = !session.as_ref().retry_buffer_truncated();
        let method = &session.req_header().method;
        select::answered(&route, method, response.status.as_u16(), replayable, ctx)?;
        cache::arrived(&self.0, session, response, ctx);
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut RequestContext,
    ) -> Result<()> {
        let is_final = !response.status.is_informational();
        // Pingora ends the connection of who still sends with whatever is answered first, a `100` that asks for the body included.
        session.set_close_on_response_before_downstream_finish(is_final);
        if !is_final {
            return Ok(());
        }
        cache::renewing(session, ctx);
        if cache::is_refresh(session) {
            // Nobody reads it.
            return Ok(());
        }
        respond::last(session, ctx);
        respond::frame(session, response);
        respond::service(session.req_header(), response, ctx)?;
        cache::tell(session, response, ctx);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut RequestContext,
    ) -> Result<Option<Duration>> {
        respond::encode(body, end_of_stream, ctx).map(|()| None)
    }

    fn upstream_response_body_filter(
        &self,
        _session: &mut Session,
        _body: &mut Option<Bytes>,
        end_of_stream: bool,
        ctx: &mut RequestContext,
    ) -> Result<Option<Duration>> {
        let late = !end_of_stream && ctx.deadline().is_some_and(|deadline| Instant::now() > deadline);
        if end_of_stream {
            // The service is done; the client may read as slowly as it likes.
            ctx.slot = None;
        }
        if late {
            return Err(
                Error::explain(ErrorType::ReadTimedout, "the answer takes longer than the route allows").into_up(),
            );
        }
        Ok(None)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut RequestContext) -> FailToProxy {
        let fault = match ctx.refusal.take() {
            Some(refusal) => Fault::Client(refusal),
            None => problem::sort(error, ctx.wire().and_then(Wire::fault), select::upstream_name(ctx)),
        };
        let answer = match fault {
            Fault::ClientGone => None,
            Fault::Client(answer) => Some(answer),
            Fault::Internal(error) => Some(log(&error, ctx)),
        };
        // After the head has gone out the truth can only be told by breaking off.
        let begun = session
            .response_written()
            .is_some_and(|response| !response.status.is_informational());
        if let Some(answer) = answer.filter(|_| !begun) {
            session.set_keepalive(None);
            // A client that cannot be answered any more is gone, which the access log shows as status 0.
            let _ = answer_instead(session, &answer, ctx).await;
        }
        FailToProxy {
            error_code: ctx.code.map_or(0, shared_contracts::Code::status),
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut RequestContext) {
        ctx.slot = None;
        record::record(&self.0, session, ctx);
        // A service may have answered before it had read all, just as the edge itself does. What follows a `101` is
        // the tunnel's.
        let answered = session.response_written().is_some() && !session.was_upgraded();
        if answered && error.is_none_or(|error| *error.etype() == REFUSED) {
            respond::drain(session).await;
        }
    }

    /// Failures are logged where they are sorted, with the request's id.
    fn suppress_error_log(&self, _session: &Session, _ctx: &RequestContext, _error: &Error) -> bool {
        true
    }

    /// Retries are counted, and seen in the access log.
    fn suppress_proxy_warn_log(&self, _: &Session, _: &RequestContext, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }
}

impl EdgeProxy {
    /// select: the peer of the next try, once its pause is over and there is room.
    async fn peer(&self, session: &mut Session, ctx: &mut RequestContext) -> Result<Box<HttpPeer>, InternalError> {
        let Some(route) = ctx.route.clone() else {
            let error = Error::explain(ErrorType::InternalError, "no route");
            return Err(InternalError::Defect(error));
        };
        select::pause(ctx).await;
        if ctx.attempts == 0 {
            session::recall(&self.0, &route, session.req_header()).await;
        }
        select::enter(&Serving(&self.0), &route, session.req_header(), ctx).await?;
        let is_whole = session.is_body_done();
        select::select(&Serving(&self.0), &route, session.req_header(), is_whole, ctx).map(Box::new)
    }

    /// Logs an internal error and leaves its answer in the context.
    fn stop(&self, error: &InternalError, ctx: &mut RequestContext) -> Box<Error> {
        ctx.refusal = Some(log(error, ctx));
        Error::new(REFUSED)
    }
}

/// Answers what failed: with the route's fallback, or with the problem.
async fn answer_instead(session: &mut Session, problem: &ClientError, ctx: &mut RequestContext) -> Result<()> {
    match fallback::instead_of(problem.code, ctx) {
        Some(instead) => respond::fixed(session, &instead, ctx).await,
        None => respond::refuse(session, problem, ctx).await,
    }
}

/// Logs what went wrong inside; what comes back is all that a client may know.
fn log(error: &InternalError, ctx: &RequestContext) -> ClientError {
    if let InternalError::CircuitOpen(..) | InternalError::Overloaded(_) = error {
        // Told once, when it opened, or counted; the access log has the code of each request, and that is enough.
        return error.to_client();
    }
    tracing::warn!(
        request_id = ctx.request_id,
        route = ctx.route.as_ref().map_or("-", |route| &*route.name),
        attempts = ctx.attempts,
        %error,
        "request failed",
    );
    error.to_client()
}
