//! Explain: what would become of a request, and why. A request is imagined and goes through the very phases that serve, with
//! effects that only look; see [`crate::phase`].

mod ask;
mod book;
mod peek;
mod report;
mod stage;
mod text;

pub(crate) use ask::{Ask, Unsendable};
pub(crate) use peek::{Assume, World};
pub(crate) use report::Report;

use crate::{
    context::RequestContext,
    generation::{Generation, Route, Serves},
    phase::{Way, fallback, way},
    problem::ClientError,
};
use ask::Read;
use book::Book;
use peek::Peek;
use pingora_error::Result;
use pingora_proxy::Session;
use report::{Outcome, StageName, Verdict};
use shared_contracts::Code;
use std::sync::Arc;

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplainError {
    /// Nobody can send such a request.
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
    /// A header could not be made.
    #[error("{0}")]
    Broken(#[from] Box<pingora_error::Error>),
}

/// Explains what a generation would make of a request.
pub(crate) async fn explain(
    world: World<'_>,
    generation: &Arc<Generation>,
    ask: &Ask,
) -> std::result::Result<Report, ExplainError> {
    let sources = generation.source.sources.load_full();
    let mut peek = Peek {
        world,
        book: Book::new(&sources),
        route: String::new(),
        is_public: false,
        parameters: generation.parameters().map(str::to_owned).collect(),
        bad_path: None,
    };
    let verdict = match ask.read(&host(&peek.book), generation.head_limits).await? {
        Read::Refused(error) => refused_unread(&mut peek, &error),
        Read::Request(mut session, first_line) => {
            let mut ctx = RequestContext::imagined(Arc::clone(generation));
            ctx.first_line = Some(first_line);
            ctx.secure = ask.tls;
            let way = way(&mut peek, &mut session, Some(ask.client_ip), &mut ctx).await;
            stage::arrive::client(&mut peek, ask, &ctx);
            stage::arrive::path(&mut peek, ask, session.req_header());
            if ctx.route.is_some() || matches!(&way, Err(error) if is_unrouted(error)) {
                stage::route::passed_over(&mut peek, generation, session.req_header());
            }
            let mut verdict = match way {
                Ok(way) => onwards(&mut peek, way, &session, &mut ctx).await?,
                Err(error) => refused(&mut peek, &error, &session, &ctx)?,
            };
            verdict.route = ctx.route.map(|route| route.name.to_string());
            verdict
        }
    };
    let target = peek.shown(&ask.target);
    Ok(Report {
        file: sources.file().display().to_string(),
        generation: world.is_running().then_some(generation.number),
        method: ask.method.clone(),
        target,
        stages: peek.book.into_stages(),
        verdict,
    })
}

/// What a client of this machine calls the listener.
fn host(book: &Book<'_>) -> String {
    let bind = book.shown("listeners.http.bind");
    let everywhere = bind.strip_prefix("0.0.0.0:").or_else(|| bind.strip_prefix("[::]:"));
    everywhere.map_or(bind.clone(), |port| format!("localhost:{port}"))
}

fn refused_unread(peek: &mut Peek<'_>, error: &ClientError) -> Verdict {
    stage::arrive::refused(peek, error);
    Verdict {
        code: Some(error.code),
        ..Verdict::answered(error.code.status(), "as it is read")
    }
}

fn refused(peek: &mut Peek<'_>, error: &ClientError, session: &Session, ctx: &RequestContext) -> Result<Verdict> {
    match &ctx.route {
        Some(_) => {}
        None if is_unrouted(error) => stage::route::none(peek, error),
        None => stage::arrive::refused(peek, error),
    }
    stage::respond::refused(peek, error, &session.req_header().headers, ctx);
    Ok(Verdict {
        code: Some(error.code),
        ..Verdict::answered(error.code.status(), error.code.as_str())
    })
}

/// Whether it was looked for a route, and none takes the request.
fn is_unrouted(error: &ClientError) -> bool {
    matches!(error.code, Code::RouteNotFound | Code::MethodNotAllowed)
}

/// An admitted request's way.
async fn onwards(peek: &mut Peek<'_>, way: Way, session: &Session, ctx: &mut RequestContext) -> Result<Verdict> {
    let headers = &session.req_header().headers;
    match way {
        Way::Health => {
            peek.book.note(
                StageName::Route,
                "route",
                serde_json::Value::Null,
                "none: the edge's own health",
            );
            Ok(Verdict::answered(200, "by the edge itself: its health"))
        }
        Way::Redirect(_) => Ok(Verdict::answered(
            308,
            "by the edge itself: to the same address over TLS",
        )),
        Way::Preflight(_) => Ok(Verdict::answered(204, "by the edge itself: a preflight")),
        Way::Last => Ok(Verdict::answered(204, "by the edge itself: `Max-Forwards` is 0")),
        Way::Graphql(route) => {
            let mut names = Vec::new();
            if let Serves::Graphql(composed) = &route.serves {
                stage::select::composed(peek, &route, composed);
                names.extend(composed.subgraphs.keys().map(String::as_str));
            }
            stage::respond::composed(peek, &route, headers, ctx);
            let text = format!("would be answered by the edge's GraphQL over {}", names.join(", "));
            Ok(Verdict::new(Outcome::Composed, text))
        }
        Way::Tunnel(route) => service(peek, &route, session, ctx, Outcome::Tunnelled).await,
        Way::Stream(route) | Way::Service(route) => service(peek, &route, session, ctx, Outcome::Forwarded).await,
        Way::Hedge(route) => {
            let verdict = service(peek, &route, session, ctx, Outcome::Forwarded).await?;
            if let Some((pool, _)) = fallback::part(&route, ctx).filter(|_| ctx.fell_back.is_none()) {
                stage::hedge::of(peek, &route, pool);
            }
            Ok(verdict)
        }
    }
}

/// What is answered where no upstream can be asked.
fn instead(
    peek: &mut Peek<'_>,
    route: &Route,
    error: &ClientError,
    session: &Session,
    ctx: &mut RequestContext,
) -> Result<Verdict> {
    let Some(answer) = fallback::instead_of(error.code, ctx) else {
        return refused(peek, error, session, ctx);
    };
    stage::select::fell_back(peek, route);
    stage::respond::own(peek, &session.req_header().headers, ctx);
    Ok(Verdict::answered(answer.status.as_u16(), "by the route's fallback"))
}

async fn service(
    peek: &mut Peek<'_>,
    route: &Route,
    session: &Session,
    ctx: &mut RequestContext,
    outcome: Outcome,
) -> Result<Verdict> {
    let client = session.req_header();
    if outcome == Outcome::Forwarded {
        stage::cache::look(peek, route, client, ctx);
    }
    let target = match stage::select::target(peek, route, client, ctx).await {
        Ok(target) => target,
        Err(error) => return instead(peek, route, &error.to_client(), session, ctx),
    };
    let sent = stage::forward::head(peek, route, client, ctx, outcome == Outcome::Tunnelled)?;
    stage::respond::service(peek, route, &client.headers, ctx)?;
    let upstream = fallback::part(route, ctx).map_or_else(String::new, |(pool, _)| pool.name.to_string());
    let address = target.map(|target| target.address_text.to_string());
    let (method, path) = (sent.method.to_string(), peek.target_of(&sent));
    let to = address
        .as_ref()
        .map_or(upstream.clone(), |address| format!("{upstream} {address}"));
    let text = match outcome {
        Outcome::Tunnelled => format!("would be asked for a WebSocket: {to} as {method} {path}"),
        _ => format!("would be forwarded to {to} as {method} {path}"),
    };
    Ok(Verdict {
        upstream: Some(upstream),
        target: address,
        method: Some(method),
        path: Some(path),
        ..Verdict::new(outcome, text)
    })
}
