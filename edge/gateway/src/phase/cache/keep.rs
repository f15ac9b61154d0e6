//! Whether a service's answer is kept, and what of it.

use crate::{
    cache::{Ticket, passing},
    context::RequestContext,
    edge::Edge,
    heads::{Head, connection_names},
};
use edge_policy::{
    cache::{Answer, Unkept, tag, tags},
    compression::declared,
};
use http::{HeaderMap, HeaderName, header};
use pingora_cache::{CacheMeta, NoCacheReason, RespCacheable};
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use std::time::{Duration, SystemTime};

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

/// Room that is kept for an answer whose length is not known, until more of it is there.
const FIRST_ROOM: u64 = 64 * 1024;

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
            let length = declared(&response.headers).unwrap_or(FIRST_ROOM);
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
    let connection = connection_names(&head.headers);
    let connection: Vec<HeaderName> = connection.filter(|name| name != header::TRANSFER_ENCODING).collect();
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
