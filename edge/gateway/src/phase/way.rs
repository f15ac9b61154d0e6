//! Way: arrive, route, admit, and where a request goes from there. All that is decided before anything is answered or sent.

use super::{Effects, Note, admit, arrive, forward, hedge, route, stream, upgrade};
use crate::{
    context::RequestContext,
    generation::{Route, Serves},
    problem::ClientError,
};
use edge_policy::cors::Fields;
use http::{Method, header, uri::PathAndQuery};
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use std::{net::IpAddr, sync::Arc};

/// Where a request's way leads.
pub(crate) enum Way {
    /// The edge says how it is itself.
    Health,
    /// To the same address over TLS.
    Redirect(String),
    /// A preflight: answer 204 with these fields.
    Preflight(Fields),
    /// It may go no further: answer 204.
    Last,
    /// To the composed schema.
    Graphql(Arc<Route>),
    /// To a tunnel.
    Tunnel(Arc<Route>),
    /// To an answer that stays open for somebody.
    Stream(Arc<Route>),
    /// To a service, and to a second target if the first takes long.
    Hedge(Arc<Route>),
    /// To a service.
    Service(Arc<Route>),
}

/// Decides, or refuses. `peer` is who the connection is with.
pub(crate) async fn way<E: Effects>(
    effects: &mut E,
    session: &mut Session,
    peer: Option<IpAddr>,
    ctx: &mut RequestContext,
) -> Result<Way, ClientError> {
    // arrive: name it, bound it, refuse what is ambiguous
    arrive::arrive(effects, session, peer, ctx)?;
    if is_health(session.req_header()) {
        return Ok(Way::Health);
    }
    if let Some(location) = redirect(session.req_header(), ctx) {
        effects.note(Note::Redirect(&location));
        return Ok(Way::Redirect(location));
    }
    // route
    let route = route::route(session.req_header(), ctx)?;
    effects.note(Note::Route(&route));
    // admit: preflight, limits, flood guard, identity, quotas
    let is_upgrade = session.is_upgrade_req();
    if let admit::Admission::Preflight(fields) =
        admit::admit(effects, &route, session.req_header(), is_upgrade, ctx).await?
    {
        return Ok(Way::Preflight(fields));
    }
    if forward::hops_left(session.req_header()) == Some(0) {
        return Ok(Way::Last);
    }
    // `/graphql`, WebSockets, users' streams and what may be hedged leave the road here; everything else goes on to select
    Ok(match &route.serves {
        Serves::Graphql(_) => Way::Graphql(route),
        Serves::Upstream { .. } if upgrade::is_wanted(&route, session) => Way::Tunnel(route),
        Serves::Upstream { .. } if stream::is_wanted(&route, session) => Way::Stream(route),
        Serves::Upstream { .. } if hedge::is_wanted(&route, session) => Way::Hedge(route),
        Serves::Upstream { .. } => Way::Service(route),
    })
}

/// Where a request without TLS should have gone, if it may not come without.
fn redirect(head: &RequestHeader, ctx: &RequestContext) -> Option<String> {
    let port = ctx.generation.https.redirect.filter(|_| !ctx.secure)?;
    // Refused already, if it is no host.
    let host = head.headers.get(header::HOST)?.to_str().ok()?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let target = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    Some(match port {
        443 => format!("https://{name}{target}"),
        port => format!("https://{name}:{port}{target}"),
    })
}

fn is_health(head: &RequestHeader) -> bool {
    matches!(head.method, Method::GET | Method::HEAD) && head.uri.path() == "/health"
}
