//! Admit: every decision about whether a request may go on, in one function and one order.

use super::{Effects, Note};
use crate::{
    context::RequestContext,
    generation::Route,
    holders::Full,
    problem::{ClientError, no_room},
    store::{Charge, Quota},
};
use edge_config::Streaming;
use edge_policy::{
    attempts::REGAINED_IN,
    cors::{self, Fields},
    csrf::{Asked, Mode, Site},
    identity::{Identity, TokenSource},
    rate_limit::{self, Decision, Facts, Limit},
};
use http::{HeaderMap, Method, header};
use pingora_http::RequestHeader;
use shared_contracts::Code;
use std::{net::IpAddr, sync::Arc, time::Duration};

/// What admission decided.
pub(crate) enum Admission {
    /// Go on.
    Admitted,
    /// A preflight: answer 204 with these fields.
    Preflight(Fields),
}

/// Decides. The same for plain requests, uploads, streams, upgrades and `/graphql`: nothing gets around it.
pub(crate) async fn admit<E: Effects>(
    effects: &mut E,
    route: &Route,
    head: &RequestHeader,
    is_upgrade: bool,
    ctx: &mut RequestContext,
) -> Result<Admission, ClientError> {
    // A preflight carries no credentials and costs nothing: it is answered before anything is counted.
    if let Some(cors) = &route.cors
        && cors::is_preflight(&head.method, &head.headers)
    {
        let fields = cors.preflight(&head.headers);
        effects.note(Note::Preflight(&fields));
        return Ok(Admission::Preflight(fields));
    }
    // The head was bounded on arrival. A body that says it is too large is refused before a byte of it is read.
    check_declared_length(effects, route, &head.headers)?;
    // Local and cheap, so that a flood costs no signature and no call to Redis.
    let is_flood = effects.is_flood(ctx.client, ctx.generation.flood);
    effects.note(Note::Flood(is_flood));
    if is_flood {
        let flood = ClientError::new(Code::RateLimited, "Far too many requests.");
        return Err(flood.retry_after(Duration::from_secs(1)).closing());
    }
    // Who asks? Before the quotas, because they differ for users; a bad token makes an anonymous caller.
    let is_shown;
    (ctx.identity, is_shown) = identify(effects, route, head, ctx.client).await;
    let site = same_site(effects, route, head, is_upgrade, is_shown);
    // Quotas are charged before the identity is refused: guessing tokens must not be free.
    charge(effects, route, head, ctx).await?;
    if !site.passes() && route.csrf.mode == Mode::Enforce {
        let detail = "Another site's page may not do this with your cookies.";
        return Err(ClientError::new(Code::CrossSiteRequest, detail));
    }
    // Who may? Last, and for everything that a route answers: `/graphql`, streams and upgrades too.
    let refused = ctx.identity.refusal(route.access, route.required());
    effects.note(Note::Access(refused, route));
    match refused {
        None => {}
        Some(code) => {
            effects.refused();
            return Err(refusal(code));
        }
    }
    // What stays open is counted as its user's for as long as it does: only now it is known to be opened.
    if stays_open(route, head, is_upgrade) {
        hold(effects, ctx)?;
    }
    Ok(Admission::Admitted)
}

/// Whether it asks for a WebSocket or an event stream. Long polls end by themselves.
fn stays_open(route: &Route, head: &RequestHeader, is_upgrade: bool) -> bool {
    match route.streaming {
        Some(Streaming::Websocket) => is_upgrade,
        Some(Streaming::Sse) => head.method == Method::GET,
        None => false,
    }
}

fn hold<E: Effects>(effects: &mut E, ctx: &mut RequestContext) -> Result<(), ClientError> {
    let held = effects.hold(&ctx.identity, ctx.client, ctx.generation.most_open);
    effects.note(Note::Hold(held.as_ref().map(|_| ()).map_err(|full| *full)));
    let hold = held.map_err(|full| match full {
        Full::All => no_room(),
        Full::One => {
            let many = ClientError::new(
                Code::TooManyTunnels,
                "You hold as many open streams as one may; close some.",
            );
            many.retry_after(Duration::from_secs(1))
        }
    })?;
    ctx.holds(hold);
    Ok(())
}

fn check_declared_length<E: Effects>(effects: &mut E, route: &Route, headers: &HeaderMap) -> Result<(), ClientError> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    effects.note(Note::Length(declared, route));
    if declared.is_some_and(|length| length > route.max_body) {
        Err(too_large())
    } else {
        Ok(())
    }
}

/// The body is over the route's limit.
pub(crate) fn too_large() -> ClientError {
    ClientError::new(Code::BodyTooLarge, "The body is larger than this path accepts.").closing()
}

/// Whose page is behind it? Told whether it may or not, so that a policy can be tried out.
fn same_site<E: Effects>(effects: &mut E, route: &Route, head: &RequestHeader, upgrade: bool, is_shown: bool) -> Site {
    let asked = Asked {
        method: &head.method,
        upgrade,
        headers: &head.headers,
        is_shown,
    };
    let site = route.csrf.judge(&asked, route.cors.as_deref());
    effects.note(Note::SameSite(site, route));
    if !site.passes() {
        effects.is_foreign(route);
    }
    site
}

/// Who asks, and whether the token was shown on purpose: cookies come along by themselves.
async fn identify<E: Effects>(
    effects: &mut E,
    route: &Route,
    head: &RequestHeader,
    client: IpAddr,
) -> (Identity, bool) {
    let (mut token, mut identity) = (None, Identity::Anonymous);
    if let Some(gate) = &route.gate {
        // Clients of streams and sockets can set no header; everybody else's tokens stay out of addresses.
        let query = head.uri.query().filter(|_| route.streaming.is_some());
        token = gate.token(&head.headers, query);
        if let Some(token) = token {
            identity = effects.identity(gate, token, client).await;
        }
    }
    effects.note(Note::Identity(token, &identity));
    (
        identity,
        token.is_some_and(|token| !matches!(token.source, TokenSource::Cookie(_))),
    )
}

/// Charges every quota of the route; the first refusal ends it. What was charged until then stays charged, as elsewhere (Envoy);
/// but where a quota is known to refuse, none is charged at all: who is over one does not use up the others.
async fn charge<E: Effects>(
    effects: &mut E,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<(), ClientError> {
    let facts = Facts {
        client: ctx.client,
        token: ctx.identity.claims(),
        method: &head.method,
        headers: &head.headers,
    };
    let mut asked: Vec<_> = route.quotas.iter().map(|quota| (quota, quota.key(&facts))).collect();
    let refuses = |(quota, key): &(&Arc<Quota>, Result<String, _>)| {
        quota.enforce && key.as_ref().is_ok_and(|key| effects.is_refused(quota, key))
    };
    if asked.len() > 1
        && let Some(known) = asked.iter().position(refuses)
    {
        asked = vec![asked.swap_remove(known)];
    }
    let mut met: Vec<(&Limit, Decision)> = Vec::new();
    let mut verdict = Ok(());
    for (quota, key) in &asked {
        let key = match key {
            Ok(key) => key,
            Err(spared) => {
                effects.note(Note::Quota(quota, Err(spared)));
                continue;
            }
        };
        let charge = effects.charge(quota, key).await;
        effects.note(Note::Quota(quota, Ok((quota.keys.subject(key), &charge))));
        match charge {
            // A limit that is tried out says nothing to clients, whatever comes of it.
            _ if !quota.enforce => {}
            Charge::Decided(decision) => {
                met.push((&quota.limit, decision));
                if !decision.allowed {
                    let limited = ClientError::new(Code::RateLimited, "The quota is used up; come again later.");
                    verdict = Err(limited.retry_after(decision.retry_after));
                    break;
                }
            }
            Charge::Uncounted => {}
            Charge::StoreNeeded => {
                let away = ClientError::new(Code::ServiceUnavailable, "The quota cannot be checked at the moment.");
                verdict = Err(away.retry_after(Duration::from_secs(1)));
                break;
            }
        }
    }
    ctx.quota_fields = rate_limit::headers(&mut met);
    verdict
}

/// What a caller is told who may not use a route, or not any more.
pub(super) fn refusal(code: Code) -> ClientError {
    let detail = match code {
        Code::Unauthenticated => "Sign in first.",
        Code::TokenExpired => "The token's time is over: refresh it.",
        Code::TokenRevoked => "The session has ended: sign in again.",
        Code::Forbidden => "You are signed in, but this is not for you.",
        Code::TooManyBadTokens => {
            let many = ClientError::new(code, "Too many tokens from here were not valid; come again later.");
            return many.retry_after(REGAINED_IN);
        }
        Code::ServiceUnavailable => {
            let away = ClientError::new(code, "Tokens cannot be verified at the moment.");
            return away.retry_after(Duration::from_secs(1));
        }
        _ => "The token is not valid.",
    };
    ClientError::new(code, detail)
}
