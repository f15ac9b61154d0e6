//! Cache: answers that need no service. A request looks into it after it is admitted, so that limits and identity come first; what
//! it gets goes through respond like any other answer, so that whatever belongs to one client is added last and never kept.

use crate::{
    cache::{Cache, Received, Ticket, passing},
    context::RequestContext,
    edge::Edge,
    generation::{Caches, Route},
    heads::Head,
    problem::ClientError,
};
use edge_policy::cache::{
    Answer, Asked, Caller, Digest, Mark, Outcome, Passed, Target, Unkept, if_range_holds, judge, key, named, page,
    path, tag, tags, variance,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use pingora_cache::{CacheKey, CacheMeta, CachePhase, ForcedFreshness, NoCacheReason, RespCacheable};
use pingora_error::{Error, ErrorSource, ErrorType};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use shared_contracts::Code;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

static CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
static CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
static SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// Fields of a kept answer that belong to the connection it came by (RFC 9111, section 3.1), and its age, which is told anew.
const NOT_KEPT: [HeaderName; 8] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::AGE,
    HeaderName::from_static("keep-alive"),
];

/// With less time left no service is asked any more.
const LEAST_LEFT: Duration = Duration::from_millis(100);

/// Room that is kept for an answer whose length is not known, until more of it is there.
const FIRST_ROOM: u64 = 64 * 1024;

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
        began: SystemTime::now(),
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

/// Whether the answer is kept.
pub(crate) fn keep(
    edge: &Edge,
    session: &Session,
    response: &ResponseHeader,
    ctx: &mut RequestContext,
) -> RespCacheable {
    let fell_back = ctx.fell_back.is_some();
    let (Some(caching), Some(caches)) = (
        &mut ctx.cache,
        ctx.route.as_ref().and_then(|route| route.caches.as_ref()),
    ) else {
        return RespCacheable::Uncacheable(NoCacheReason::Deferred);
    };
    if fell_back {
        return RespCacheable::Uncacheable(NoCacheReason::Custom(passing::FALLBACK));
    }
    let renewed = caching.renewed.take();
    let response = kept_head(response, renewed.as_ref());
    let now = SystemTime::now();
    let answer = Answer {
        status: response.status,
        // Judged as it came: what is not kept of it tells where it ends.
        headers: &response.headers,
        is_personal: caching.is_personal,
    };
    match caches.terms.judge(&answer, now) {
        Err(Unkept::Failure) => RespCacheable::Uncacheable(NoCacheReason::UpstreamError),
        Err(why) => {
            // What was there is not what the service says now.
            if let Some(key) = session.cache.maybe_cache_key() {
                edge.cache.forget(key);
            }
            RespCacheable::Uncacheable(NoCacheReason::Custom(why.word()))
        }
        Ok(kept) => {
            let length = edge_policy::compression::declared(&response.headers).unwrap_or(FIRST_ROOM);
            // A word that it still holds needs no room.
            let Some(room) = edge.cache.store.room(if renewed.is_some() { 0 } else { length }) else {
                return RespCacheable::Uncacheable(NoCacheReason::Custom(passing::NO_ROOM));
            };
            let digest = |bytes: &[u8]| edge.cache.store.secret.digest(bytes);
            let named = tags(&response.headers).unwrap_or_default();
            let named = named.into_iter().map(|name| digest(&tag(name)));
            let ticket = Ticket {
                tags: caching.pages.into_iter().chain(named).collect(),
                asked: caching.mark,
                room,
                most: caches.terms.max_object,
            };
            let mut head = response;
            head.change(|fields| NOT_KEPT.iter().for_each(|name| drop(fields.remove(name))));
            let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
            let windows = [kept.stale_while_revalidate, kept.stale_if_error].map(seconds);
            let mut meta = CacheMeta::new(kept.fresh_until, now, windows[0], windows[1], head);
            meta.set_epoch_override(kept.born);
            meta.extensions_mut().insert(ticket);
            caching.is_kept = renewed.is_none();
            RespCacheable::Cacheable(meta)
        }
    }
}

/// The head that is kept: of a `304`, all fields that it has anew (RFC 9111, section 3.2).
fn kept_head(response: &ResponseHeader, renewed: Option<&HeaderMap>) -> ResponseHeader {
    let mut head = response.clone();
    let connection: Vec<HeaderName> = { head.headers.get_all(header::CONNECTION).iter() }
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .filter(|name| *name != header::TRANSFER_ENCODING)
        .collect();
    head.change(|fields| {
        for name in &connection {
            fields.remove(name);
        }
        let Some(renewed) = renewed else { return };
        let is_age = |name: &HeaderName| *name == header::AGE;
        let is_framing = |name: &HeaderName| *name == header::CONTENT_LENGTH || NOT_KEPT.contains(name);
        for name in renewed.keys().filter(|name| is_age(name) || !is_framing(name)) {
            fields.remove(name);
            for value in renewed.get_all(name) {
                fields.append(name, value.clone());
            }
        }
    });
    head
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

/// Tells what the cache did, and takes away what is told to it alone.
pub(crate) fn tell(session: &Session, response: &mut ResponseHeader, ctx: &RequestContext) {
    let Some(outcome) = outcome(session, ctx) else { return };
    let status = HeaderValue::try_from(outcome.status());
    response.change(|fields| {
        fields.remove(&CACHE_TAG);
        fields.remove(&SURROGATE_KEY);
        if let Ok(status) = status {
            fields.append(&CACHE_STATUS, status);
        }
    });
}

/// What the cache did for a request; none where its route has none.
pub(crate) fn outcome(session: &Session, ctx: &RequestContext) -> Option<Outcome> {
    let caching = ctx.cache.as_ref()?;
    if let Err(why) = caching.asked {
        return Some(Outcome::Bypass(why.word()));
    }
    let cache = &session.cache;
    Some(match cache.phase() {
        CachePhase::Hit => Outcome::Hit {
            ttl: ttl(session),
            collapsed: cache.lock_duration().is_some(),
        },
        CachePhase::Stale | CachePhase::StaleUpdating => Outcome::Stale { ttl: ttl(session) },
        CachePhase::Miss => Outcome::Miss,
        CachePhase::Expired => Outcome::Expired,
        CachePhase::Revalidated | CachePhase::RevalidatedNoCache(_) => Outcome::Revalidated,
        CachePhase::Bypass => Outcome::Unkept("known"),
        CachePhase::Disabled(reason) => Outcome::Unkept(word(reason)),
        CachePhase::Uninit | CachePhase::CacheKey => Outcome::Unkept("unknown"),
    })
}

fn ttl(session: &Session) -> i64 {
    let Some(meta) = session.cache.maybe_cache_meta() else {
        return 0;
    };
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match meta.fresh_until().duration_since(SystemTime::now()) {
        Ok(left) => seconds(left),
        // Over is over, be it for a moment.
        Err(over) => -seconds(over.duration() + Duration::from_secs(1)),
    }
}

fn word(reason: NoCacheReason) -> &'static str {
    match reason {
        NoCacheReason::Custom(word) => word,
        NoCacheReason::UpstreamError | NoCacheReason::InternalError => "failure",
        NoCacheReason::CacheLockTimeout => "waited",
        NoCacheReason::CacheLockGiveUp | NoCacheReason::CacheLockRetryLimit => "others",
        NoCacheReason::DeclinedToUpstream => "not-asked",
        NoCacheReason::Deferred => "deferred",
        _ => "storage",
    }
}
