//! What the cache did, as clients, logs and counts tell it.

use crate::{context::RequestContext, heads::Head};
use edge_policy::cache::Outcome;
use http::{HeaderName, HeaderValue};
use pingora_cache::{CachePhase, NoCacheReason};
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use std::time::{Duration, SystemTime};

static CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
static CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
static SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

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
