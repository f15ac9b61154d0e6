//! Cache: answers that need no service. A request looks into it after it is admitted, so that limits and identity come first; what
//! it gets goes through respond like any other answer, so that whatever belongs to one client is added last and never kept.

mod keep;
mod told;

pub(crate) use keep::keep;
pub(crate) use told::{outcome, tell};

use crate::{
    cache::{Cache, Received},
    context::RequestContext,
    edge::Edge,
    generation::{Caches, Route},
    problem::ClientError,
};
use edge_policy::cache::{
    Asked, Caller, Digest, Mark, Passed, Target, if_range_holds, judge, key, named, page, path, variance,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use pingora_cache::{CacheKey, CacheMeta, CachePhase, ForcedFreshness, NoCacheReason};
use pingora_error::{Error, ErrorSource, ErrorType};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use shared_contracts::Code;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// With less time left no service is asked any more.
const LEAST_LEFT: Duration = Duration::from_millis(100);

/// What the cache is to one request.
pub(crate) struct Caching {
    /// Whether it looks into the cache, and for what.
    asked: Result<Asked, Passed>,
    key: Digest,
    /// Its address, for purges: under its host, and under any.
    pages: [Digest; 2],
    mark: Mark,
    /// Whether the service sees who asks.
    is_personal: bool,
    began: SystemTime,
    /// The answer is an error, and another target is to be asked.
    again: Option<Box<Error>>,
    /// What a `304` says anew.
    renewed: Option<HeaderMap>,
    /// The answer's length is not told.
    is_endless: bool,
    /// The version that the client speaks, while the head says another one.
    spoken: Option<Version>,
    /// The answer is being kept: others may be reading it.
    is_kept: bool,
}

/// Whether this is a request of the edge's own that renews a stale answer: the client's that it stands for was charged already.
pub(crate) fn is_refresh(session: &Session) -> bool {
    session.subrequest_ctx.is_some()
}

/// What a request is to the cache: by its head and by who sends it.
pub(crate) fn caching(edge: &Edge, caches: &Caches, head: &RequestHeader, ctx: &RequestContext) -> Caching {
    let store = &edge.cache.store;
    let digest = |bytes: &[u8]| store.secret.digest(bytes);
    let (host, raw) = (host(head, ctx), head.raw_path());
    let caller = caller(head, ctx);
    Caching {
        asked: judge(&head.method, &head.headers),
        key: digest(&key(&target(caches, head, ctx), &caller, caches.terms.credentials)),
        pages: [digest(&page(host, raw)), digest(&path(raw))],
        mark: store.mark(),
        is_personal: caller.is_personal(caches.terms.credentials),
        began: { SystemTime::now().checked_sub(ctx.began.elapsed()) }.unwrap_or(SystemTime::UNIX_EPOCH),
        again: None,
        renewed: None,
        is_endless: false,
        spoken: None,
        is_kept: false,
    }
}

/// What is asked for.
pub(crate) fn target<'a>(caches: &Caches, head: &'a RequestHeader, ctx: &'a RequestContext) -> Target<'a> {
    Target {
        route: caches.fingerprint,
        secure: ctx.secure,
        host: host(head, ctx),
        path: head.raw_path(),
    }
}

fn caller<'a>(head: &'a RequestHeader, ctx: &'a RequestContext) -> Caller<'a> {
    Caller {
        headers: &head.headers,
        token: ctx.identity.claims(),
    }
}

fn host<'a>(head: &'a RequestHeader, ctx: &'a RequestContext) -> &'a [u8] {
    let host = ctx.forwarded_host.as_ref().or_else(|| head.headers.get(header::HOST));
    host.map_or(&[], HeaderValue::as_bytes)
}

/// Lets a request look into the cache, where its route has one.
pub(crate) fn open(edge: &Edge, session: &mut Session, ctx: &mut RequestContext) {
    let Some((route, caches)) = cached(ctx) else { return };
    let caching = caching(edge, &caches, session.req_header(), ctx);
    if caching.asked.is_ok() {
        edge.cache.open(session, wait(&route, &caches, ctx));
    }
    ctx.cache = Some(Box::new(caching));
}

/// The route, where it has a cache.
fn cached(ctx: &RequestContext) -> Option<(Arc<Route>, Arc<Caches>)> {
    let route = ctx.route.as_ref()?;
    let caches = Arc::clone(route.caches.as_ref()?);
    Some((Arc::clone(route), caches))
}

/// How long it may wait for another request that fetches the same.
fn wait(route: &Route, caches: &Caches, ctx: &RequestContext) -> Duration {
    let left = ctx
        .deadline()
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let left = left.unwrap_or(route.request_timeout);
    caches.lock_timeout.map_or(left, |most| most.min(left))
}

/// The key that it looks for.
pub(crate) fn lookup_key(ctx: &RequestContext) -> Option<CacheKey> {
    Some(Cache::key(ctx.cache.as_ref()?.key))
}

/// There is nothing: the answer will be kept, unless only a part of it is wanted, or where it ends is not told to a request that
/// others do not wait for.
pub(crate) fn missed(session: &mut Session, ctx: &RequestContext) {
    let fills = ctx.cache.as_ref().is_some_and(|caching| {
        let is_part = caching.asked.is_ok_and(|asked| asked.is_part);
        !(is_part || caching.is_endless && session.cache.bypassing())
    });
    match fills {
        true => session.cache.cache_miss(),
        false => session.cache.disable(NoCacheReason::Deferred),
    }
}

/// Something is there, fresh or not. What was fetched after this request began is fresh enough for it: it waited for just that.
pub(crate) fn found(meta: &CacheMeta, is_fresh: bool, ctx: &RequestContext) -> Option<ForcedFreshness> {
    let received = meta.extensions().get::<Received>()?.0;
    let began = ctx.cache.as_ref()?.began;
    (!is_fresh && received >= began).then_some(ForcedFreshness::ForceFresh)
}

/// Which of the variants of an address a request is for.
pub(crate) fn variant(edge: &Edge, meta: &CacheMeta, head: &RequestHeader, ctx: &RequestContext) -> Option<[u8; 16]> {
    let caches = ctx.route.as_ref()?.caches.as_ref()?;
    let mut names = named(meta.headers()).unwrap_or_default();
    names.extend(caches.terms.vary.iter().cloned());
    names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    let bytes = variance(&names, &head.headers)?;
    Some(edge.cache.store.secret.digest(&bytes).0.to_be_bytes())
}

/// Refuses a request that the service shall not be asked for: it wants what is kept or nothing, or has waited all its time.
pub(crate) fn may_ask(session: &Session, ctx: &RequestContext) -> Result<(), ClientError> {
    let Some(caching) = &ctx.cache else { return Ok(()) };
    if caching.asked.is_ok_and(|asked| asked.only_if_cached) {
        return Err(ClientError::new(
            Code::NotCached,
            "Nothing is kept that would answer this.",
        ));
    }
    let waited = session.cache.phase() == CachePhase::Disabled(NoCacheReason::CacheLockTimeout);
    if waited
        && ctx
            .deadline()
            .is_some_and(|deadline| Instant::now() + LEAST_LEFT >= deadline)
    {
        return Err(ClientError::new(
            Code::UpstreamTimeout,
            "The service behind did not answer in time.",
        ));
    }
    Ok(())
}

/// The answer's head is there, and is no error that is repeated elsewhere.
pub(crate) fn arrived(edge: &Edge, session: &mut Session, response: &ResponseHeader, ctx: &mut RequestContext) {
    let head = session.req_header();
    if !head.method.is_safe() && (response.status.is_success() || response.status.is_redirection()) {
        // Whichever route the request took: others may keep what is read at this address.
        edge.cache
            .store
            .changed(|secret| secret.digest(&page(host(head, ctx), head.raw_path())));
    }
    let Some((route, caches)) = cached(ctx) else { return };
    let wait = wait(&route, &caches, ctx);
    let Some(caching) = &mut ctx.cache else { return };
    let is_known = response.headers.contains_key(header::CONTENT_LENGTH);
    caching.is_endless = !is_known && response.status != StatusCode::NO_CONTENT;
    if response.status == StatusCode::NOT_MODIFIED {
        caching.renewed = Some(response.headers.clone());
    } else if caching.is_endless && session.cache.enabled() {
        // Nobody reads a HEAD's answer to its end.
        match session.req_header().method == Method::HEAD {
            true => session.cache.disable(NoCacheReason::Deferred),
            false => edge.cache.wait_for_the_whole(session, wait),
        }
    }
}

/// Whether the answer has gone into the cache, or some of it: it cannot be thrown away for another try's any more.
pub(crate) fn has_begun(ctx: &RequestContext) -> bool {
    ctx.cache.as_ref().is_some_and(|caching| caching.is_kept)
}

/// An answer that is an error, and that another target is to be asked instead: told by [`arrived_in_vain`].
pub(crate) fn ask_again(error: Box<Error>, ctx: &mut RequestContext) {
    if let Some(caching) = &mut ctx.cache {
        caching.again = Some(error);
    }
}

/// The error that [`ask_again`] left.
pub(crate) fn arrived_in_vain(ctx: &mut RequestContext) -> Option<Box<Error>> {
    ctx.cache.as_mut()?.again.take()
}

/// Whether an error is one of the service, or of the way to it: not the client's.
pub(crate) fn is_theirs(error: &Error) -> bool {
    *error.esource() != ErrorSource::Downstream
}

/// The status by which a service says that it failed.
pub(crate) fn failed_with(error: &Error) -> Option<u16> {
    match error.etype() {
        ErrorType::HTTPStatus(status) => Some(*status),
        _ => None,
    }
}

/// The stale answer is given, and Pingora sends a copy of this request to renew it. It writes the copy as HTTP/1 and reads it again, and
/// would not understand another version: the head says this one until [`renewing`].
pub(crate) fn renews(session: &mut Session, ctx: &mut RequestContext) {
    let spoken = session.req_header().version;
    if let Some(caching) = ctx.cache.as_mut().filter(|_| spoken > Version::HTTP_11) {
        caching.spoken = Some(spoken);
        session.req_header_mut().set_version(Version::HTTP_11);
    }
}

/// The copy is on its way: the head says again what the client speaks.
pub(crate) fn renewing(session: &mut Session, ctx: &mut RequestContext) {
    if let Some(spoken) = ctx.cache.as_mut().and_then(|caching| caching.spoken.take()) {
        session.req_header_mut().set_version(spoken);
    }
}

/// Whether a part may be given instead of the whole.
pub(crate) fn gives_part(head: &RequestHeader, response: &ResponseHeader) -> bool {
    if_range_holds(&head.headers, &response.headers)
}
