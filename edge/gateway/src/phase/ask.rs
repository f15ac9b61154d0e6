//! Ask: one target after the other until one answers, for what leaves Pingora's road: sockets, streams of signed-in callers, and
//! what may be hedged.

use super::{Serving, admit, forward, hedge::Hedge, neighbour, select, session};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    heads::Head,
    problem::Stop,
    standing::{Over, Standing},
    tunnel::handshake,
    upstream::HeadFirst,
};
use edge_config::Streaming;
use http::{HeaderValue, Version, header};
use pingora_core::{
    protocols::{
        Stream,
        http::{ServerSession, v1::client::HttpSession},
    },
    upstreams::peer::HttpPeer,
};
use pingora_error::{Error, Result};
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use shared_contracts::Code;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A connection that becomes a WebSocket. It is a new one, since it is given away.
    Upgrade,
    /// An answer, over a connection that may have served others.
    Answer,
}

impl Wish {
    /// The head that a service is sent. `token` is the edge's own.
    pub(crate) fn head(
        self,
        token: Option<&HeaderValue>,
        route: &Route,
        client: &RequestHeader,
        ctx: &RequestContext,
    ) -> Result<RequestHeader> {
        let mut head = client.clone();
        head.set_version(Version::HTTP_11);
        head.change(|fields| match self {
            Self::Upgrade => handshake::for_service(fields),
            Self::Answer => {
                handshake::for_next(fields);
                fields.remove(header::UPGRADE);
            }
        });
        forward::head(token, route, &mut head, ctx)?;
        Ok(head)
    }

    async fn connect(self, edge: &Edge, peer: &HttpPeer) -> Result<(Stream, bool)> {
        match self {
            Self::Upgrade => Ok((edge.dialer.dial(peer).await?, false)),
            Self::Answer => edge.dialer.get(peer).await,
        }
    }

    async fn exchange(self, stream: Stream, head: RequestHeader, within: Duration) -> Result<HttpSession> {
        let until = (Instant::now() + within).into();
        match self {
            Self::Upgrade => handshake::ask(stream, head, until).await,
            Self::Answer => {
                let service = handshake::exchange(stream, head, until).await?;
                service.resp_header().map_or(Ok(()), neighbour::check)?;
                Ok(service)
            }
        }
    }

    /// How long the answer's head may take, and each silence after it.
    fn patience(self, route: &Route, peer: &HttpPeer, began: Instant) -> (Duration, Option<Duration>) {
        match self {
            Self::Upgrade => {
                let left = route.request_timeout.saturating_sub(began.elapsed());
                (left, Some(route.request_timeout))
            }
            Self::Answer => {
                let silence = peer.options.read_timeout;
                (silence.unwrap_or(route.request_timeout), silence)
            }
        }
    }
}

/// A service that answers, and how it was reached.
pub(super) type Asked = (HttpSession, HttpPeer);

/// How a try ended.
pub(super) enum Ended {
    /// Nothing was sent.
    NotConnected(Box<Error>),
    /// No answer came.
    Broke {
        /// Why.
        error: Box<Error>,
        /// Whether the connection had served a request before.
        reused: bool,
    },
    /// The head of an answer.
    Answered(Box<Asked>),
}

impl Ended {
    /// The answer's status.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(asked) => asked.0.get_status().map(|status| status.as_u16()),
            Self::NotConnected(_) | Self::Broke { .. } => None,
        }
    }
}

/// What all tries of a request have in common.
pub(super) struct Asking<'r> {
    edge: &'r Edge,
    pub(super) route: &'r Route,
    wish: Wish,
    /// When the request began.
    began: Instant,
}

impl Asking<'_> {
    /// Asks one target. Dropped, its connection is closed.
    pub(super) async fn at(&self, peer: HttpPeer, head: RequestHeader) -> Ended {
        let (stream, reused) = match self.wish.connect(self.edge, &peer).await {
            Ok(connected) => connected,
            Err(error) => return Ended::NotConnected(error),
        };
        // What follows the head of an event stream may be somebody else's to read.
        let stream = match self.route.streaming {
            Some(Streaming::Sse) => HeadFirst::before(stream),
            _ => stream,
        };
        let (first, silence) = self.wish.patience(self.route, &peer, self.began);
        match self.wish.exchange(stream, head, first).await {
            Ok(mut service) => {
                service.read_timeout = silence;
                Ended::Answered(Box::new((service, peer)))
            }
            Err(error) => Ended::Broke { error, reused },
        }
    }
}

/// Asks for as long as the client waits and may. What it sends meanwhile is put by: see [`listen`].
pub(super) async fn ask(
    edge: &Arc<Edge>,
    route: &Route,
    wish: Wish,
    session: &mut Session,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<Asked, Stop> {
    session::recall(edge, route, session.req_header()).await;
    let method = session.req_header().method.clone();
    let asking = Asking {
        edge,
        route,
        wish,
        began: ctx.began,
    };
    loop {
        wait(session, standing, select::pause(ctx)).await?;
        let peer = select::select(&Serving(edge), route, session.req_header(), true, ctx)?;
        if let (Some(upstream), Some(target)) = (select::upstream_name(ctx), &ctx.target) {
            standing.at(Arc::clone(upstream), target.address);
        }
        let head = wish.head(edge.service_token.as_ref(), route, session.req_header(), ctx)?;
        let hedge = Hedge::of(route, session.req_header(), ctx);
        let ended = match &hedge {
            // Boxed: it is large, and those that are not hedged would carry it.
            Some(hedge) => wait(session, standing, Box::pin(hedge.race(&asking, (peer, head), ctx))).await?,
            None => wait(session, standing, asking.at(peer, head)).await?,
        };
        let status = ended.status().unwrap_or_default();
        match ended {
            Ended::Answered(asked) => {
                if select::answered(route, &method, status, true, ctx).is_ok() {
                    hedge.iter().for_each(|hedge| hedge.answered(status, ctx));
                    return Ok(*asked);
                }
            }
            Ended::NotConnected(mut error) => {
                select::not_connected(route, &mut error, ctx);
                if !error.retry() {
                    return Err(error.into_up().into());
                }
            }
            Ended::Broke { mut error, reused } => {
                let exchange = select::Exchange {
                    method: &method,
                    reused,
                    answered: false,
                    replayable: true,
                };
                select::broke_off(route, &mut error, &exchange, ctx);
                if !error.retry() {
                    return Err(error.into());
                }
            }
        }
    }
}

/// Begins, or ends, to listen for the client's end: what it sends ahead is its next request, or its socket's first bytes, and is
/// put by.
pub(super) fn listen(session: &mut Session, listens: bool) {
    if let ServerSession::H1(client) = session.as_downstream_mut() {
        client.set_pipelining_enabled(listens);
    }
}

/// Does `work` for as long as the client is there and may go on. Nothing is answered yet, so that it can be told the reason.
async fn wait<T>(session: &mut Session, standing: &mut Standing, work: impl Future<Output = T>) -> Result<T, Stop> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        over = standing.over_unanswered() => Err(match over {
            Over::Revoked => admit::refusal(Code::TokenRevoked).into(),
            Over::Expired => admit::refusal(Code::TokenExpired).into(),
            Over::Leaving(_) => Stop::Leaving,
        }),
        gone = gone(session) => Err(gone.into()),
    }
}

/// Returns when the client has left.
pub(super) async fn gone(session: &mut Session) -> Box<Error> {
    loop {
        // It has no body: what it sends belongs to the next request, and is put by.
        if let Err(error) = session.as_downstream_mut().read_body_or_idle(true).await {
            return error.into_down();
        }
    }
}
