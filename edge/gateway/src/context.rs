//! What one request carries from phase to phase.

use crate::{
    compress::Encoder,
    edge::Edge,
    front::{At, Wire},
    generation::{Generation, Route},
    phase::cache::Caching,
    problem::ClientError,
    upstream::{Attempt, Slot, Target},
};
use edge_policy::{identity::Identity, rate_limit::HeaderPair};
use http::HeaderValue;
use pingora_core::upstreams::peer::HttpPeer;
use shared_contracts::Code;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

/// One request's state. Each field is written by one phase and read by later ones.
pub(crate) struct RequestContext {
    /// Keeps it counted; given away with the connection.
    presence: Option<Presence>,
    /// The generation it began with.
    pub(crate) generation: Arc<Generation>,
    /// When its head was complete.
    pub(crate) began: Instant,
    /// Length of the request line as it came, where there is one.
    pub(crate) first_line: Option<usize>,

    // arrive
    /// Names it everywhere.
    pub(crate) request_id: String,
    /// Its trace, for the services.
    pub(crate) traceparent: String,
    /// Who sent it.
    pub(crate) client: IpAddr,
    /// Whether the client spoke TLS, to the edge or to a trusted proxy in front.
    pub(crate) secure: bool,
    /// The certificate that it showed the edge, as services are told of it.
    pub(crate) client_cert: Option<HeaderValue>,
    /// Whom it asked for, where a trusted proxy in front says so.
    pub(crate) forwarded_host: Option<HeaderValue>,

    // route
    /// Its route, if there is one.
    pub(crate) route: Option<Arc<Route>>,

    // admit
    /// Who asks.
    pub(crate) identity: Identity,
    /// `RateLimit` fields for the answer.
    pub(crate) quota_fields: Vec<HeaderPair>,
    /// Bytes of the body seen so far.
    pub(crate) body_bytes: u64,

    // select
    /// Room at the upstream, for all tries.
    pub(crate) slot: Option<Slot>,
    /// The peer of the first try, until it is made.
    pub(crate) peer: Option<Box<HttpPeer>>,
    /// The target of the present try.
    pub(crate) target: Option<Arc<Target>>,
    /// Targets that failed.
    pub(crate) tried: Vec<SocketAddr>,
    /// Tries so far.
    pub(crate) attempts: u32,
    /// Of these, asked while another was under way.
    pub(crate) hedges: u32,
    /// Whether such a one answered.
    pub(crate) hedge_won: bool,
    /// Tries before the route's fallback took it over, if it did.
    pub(crate) fell_back: Option<u32>,
    /// The present try.
    pub(crate) attempt: Option<Attempt>,
    /// How long the next try waits.
    pub(crate) pause: Duration,
    /// Binds the client to its target.
    pub(crate) set_cookie: Option<HeaderValue>,

    // cache
    /// What the cache is to it, where its route has one.
    pub(crate) cache: Option<Box<Caching>>,

    // respond
    /// Compresses the answer's body.
    pub(crate) encoder: Option<Encoder>,
    /// From the last try's begin to its answer's head.
    pub(crate) upstream_time: Option<Duration>,
    /// What was asked of `/graphql`.
    pub(crate) operation: Option<edge_graphql::Label>,
    /// A refusal on its way through Pingora.
    pub(crate) refusal: Option<ClientError>,
    /// The code of the edge's own answer.
    pub(crate) code: Option<Code>,
}

impl RequestContext {
    /// A request that has just begun.
    pub(crate) fn new(edge: Arc<Edge>) -> Self {
        let generation = edge.generation.load_full();
        Self::with(generation, Some(Presence::new(edge)))
    }

    /// A request that nobody sent: it is not counted.
    pub(crate) fn imagined(generation: Arc<Generation>) -> Self {
        Self::with(generation, None)
    }

    fn with(generation: Arc<Generation>, presence: Option<Presence>) -> Self {
        Self {
            generation,
            presence,
            began: Instant::now(),
            first_line: None,
            request_id: String::new(),
            traceparent: String::new(),
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            secure: false,
            client_cert: None,
            forwarded_host: None,
            route: None,
            identity: Identity::Anonymous,
            quota_fields: Vec::new(),
            body_bytes: 0,
            slot: None,
            peer: None,
            target: None,
            tried: Vec::new(),
            attempts: 0,
            hedges: 0,
            hedge_won: false,
            fell_back: None,
            attempt: None,
            pause: Duration::ZERO,
            set_cookie: None,
            cache: None,
            encoder: None,
            upstream_time: None,
            operation: None,
            refusal: None,
            code: None,
        }
    }

    /// Whether the edge stops.
    pub(crate) fn edge_stops(&self) -> bool {
        let presence = self.presence.as_ref();
        presence.is_some_and(|presence| presence.edge.parts.states.bell.is_stopping())
    }

    /// When the answer must be complete. Streams have no such time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let route = self.route.as_ref().filter(|route| route.streaming.is_none())?;
        Some(self.began + route.request_timeout)
    }

    /// Tries so far at the upstream that it is at now, one after the other.
    pub(crate) fn tries(&self) -> u32 {
        self.attempts - self.hedges - self.fell_back.unwrap_or(0)
    }

    /// The route's fallback takes it over from here.
    pub(crate) fn falls_back(&mut self) {
        self.fell_back = Some(self.attempts - self.hedges);
    }

    /// Counts it among those that stay open: event streams, sockets, long polls.
    pub(crate) fn stays_open(&mut self) {
        if let Some(presence) = self.presence.as_mut().filter(|presence| !presence.is_stream) {
            presence.is_stream = true;
            presence.edge.metrics.streams.enter();
        }
    }

    /// The connection it came by.
    pub(crate) fn connection(&mut self, connection: Arc<Wire>) {
        self.first_line = Some(connection.first_line());
        if let Some(presence) = &mut self.presence {
            presence.connection = Some(connection);
        }
    }

    /// The bytes it came by. None with HTTP/2, where they are many requests' at once.
    pub(crate) fn wire(&self) -> Option<&Wire> {
        self.presence.as_ref()?.connection.as_deref()
    }

    /// The client owes nothing any more.
    pub(crate) fn body_arrived(&self) {
        if let Some(wire) = self.wire() {
            wire.is_at(At::Answer);
        }
    }

    /// What keeps it counted, for the tunnel that outlives it.
    pub(crate) fn hand_over(&mut self) -> Option<Presence> {
        let mut presence = self.presence.take()?;
        presence.attempt = self.attempt.take();
        Some(presence)
    }
}

/// A request that is being answered: counted until this is dropped, its stream and its connection with it.
pub(crate) struct Presence {
    edge: Arc<Edge>,
    /// Counted among the streams.
    is_stream: bool,
    connection: Option<Arc<Wire>>,
    /// What keeps it counted at its target.
    attempt: Option<Attempt>,
}

impl Presence {
    fn new(edge: Arc<Edge>) -> Self {
        edge.metrics.in_flight.enter();
        Self {
            edge,
            is_stream: false,
            connection: None,
            attempt: None,
        }
    }
}

impl Presence {
    /// Its target broke the answer off.
    pub(crate) fn broke_off(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            attempt.failed();
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.edge.metrics.in_flight.leave();
        if self.is_stream {
            self.edge.metrics.streams.leave();
        }
    }
}
