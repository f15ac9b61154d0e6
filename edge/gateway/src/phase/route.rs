//! Route: which route takes the request.

use crate::{context::RequestContext, generation::Route, problem::ClientError};
use edge_policy::{
    cors,
    path::is_under,
    route::{Found, INTERNAL},
};
use http::{Method, header};
use pingora_http::RequestHeader;
use shared_contracts::Code;
use std::sync::Arc;

/// Finds the route and remembers it.
pub(crate) fn route(head: &RequestHeader, ctx: &mut RequestContext) -> Result<Arc<Route>, ClientError> {
    let generation = Arc::clone(&ctx.generation);
    let (host, path, method) = asked(head);
    match generation.routes.find(host, path, &method) {
        Found::Route(route) if leads_inside(route, path) => Err(not_found()),
        Found::Route(route) => {
            ctx.route = Some(Arc::clone(route));
            Ok(Arc::clone(route))
        }
        Found::MethodNotAllowed { allow } => Err(ClientError::new(
            Code::MethodNotAllowed,
            "This path does not answer to this method.",
        )
        .allow(allow.into())),
        Found::NotFound => Err(not_found()),
    }
}

fn not_found() -> ClientError {
    ClientError::new(Code::RouteNotFound, "Nothing is served at this path.")
}

/// Whether a rewrite would ask a service for what is its own: what is never routed is not reached by another name either.
pub(crate) fn leads_inside(route: &Route, path: &str) -> bool {
    let rewrite = route.rewrite.as_ref();
    rewrite.is_some_and(|how| is_under(&how.path(path), INTERNAL))
}

/// What routes are looked up by: host, path and method.
pub(crate) fn asked(head: &RequestHeader) -> (Option<&str>, &str, Method) {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    (host, head.uri.path(), wanted_method(head))
}

/// A preflight asks on behalf of another method: that one's route has the policy.
fn wanted_method(head: &RequestHeader) -> Method {
    if cors::is_preflight(&head.method, &head.headers)
        && let Some(wanted) = head.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)
        && let Ok(method) = Method::from_bytes(wanted.as_bytes())
    {
        return method;
    }
    head.method.clone()
}
