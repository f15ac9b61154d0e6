//! How long what stays open may stay though both its sides are well: until the edge stops, its target takes nobody any more, or its
//! route leads elsewhere. Those that have to go together go each at a moment of its own within `drain.spread`: a crowd that comes again
//! all at once would be a storm for whoever is left.

use crate::{
    edge::Edge,
    generation::{Generation, Route},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// What is open gets this long to pass on its last bytes.
const CLOSING: Duration = Duration::from_secs(2);

/// Calls what is open to look whether it has to go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell {
    calls: watch::Sender<Stops>,
    /// The same for whom a lock at each request would be too much.
    stops: Arc<AtomicBool>,
}

/// Whether the edge stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stops {
    #[default]
    No,
    /// All go, one by one.
    Soon,
    /// All go.
    Now,
}

impl Bell {
    /// Something has changed that may concern what is open.
    pub(crate) fn ring(&self) {
        self.calls.send_modify(|_| {});
    }

    /// The edge stops: all go, one by one.
    pub(crate) fn stop(&self) {
        self.stops.store(true, Relaxed);
        self.calls.send_replace(Stops::Soon);
    }

    /// Whether the edge stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stops.load(Relaxed)
    }

    /// How much is open.
    pub(crate) fn open(&self) -> usize {
        self.calls.receiver_count()
    }

    /// All that is left goes now, and is waited for. What takes longer is cut with the process.
    pub(crate) async fn close(&self) {
        self.calls.send_replace(Stops::Now);
        let _ = timeout(CLOSING, self.calls.closed()).await;
    }
}

/// Why it has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The edge stops.
    Stopping,
    /// Its target takes nobody any more, or its route leads elsewhere.
    Moved,
}

/// One that is open. It is waited for until it drops this.
pub(crate) struct Stay {
    edge: Arc<Edge>,
    calls: watch::Receiver<Stops>,
    route: Arc<str>,
    /// Where the route led: see [`Route::way`].
    way: u64,
    /// Whose target it is at, and which.
    at: Option<(Arc<str>, SocketAddr)>,
    /// When it goes.
    due: Option<(Instant, Leave)>,
    has_looked: bool,
}

impl Stay {
    /// Of a request of this route, at no target yet.
    pub(crate) fn new(edge: &Arc<Edge>, route: &Route) -> Self {
        Self {
            edge: Arc::clone(edge),
            calls: edge.parts.states.bell.calls.subscribe(),
            route: Arc::clone(&route.name),
            way: route.way,
            at: None,
            due: None,
            has_looked: false,
        }
    }

    /// It is at this target now.
    pub(crate) fn at(&mut self, upstream: Arc<str>, target: SocketAddr) {
        self.at = Some((upstream, target));
        self.has_looked = false;
    }

    /// Returns when it has to go. Dropped and asked again, it keeps its moment.
    pub(crate) async fn over(&mut self) -> Leave {
        loop {
            if !self.has_looked || self.calls.has_changed().unwrap_or(false) {
                self.look();
            }
            let called = self.calls.changed();
            match self.due {
                Some((at, why)) => tokio::select! {
                    Ok(()) = called => {}
                    () = sleep_until(at) => return why,
                },
                None if called.await.is_ok() => {}
                // Nobody is left who could say so.
                None => std::future::pending().await,
            }
            self.has_looked = false;
        }
    }

    fn look(&mut self) {
        self.has_looked = true;
        let stops = *self.calls.borrow_and_update();
        let generation = self.edge.generation.load();
        let moment = || Instant::now() + generation.spread.mul_f32(rand::random());
        let kept = self.due.map(|(at, _)| at);
        self.due = match stops {
            Stops::Now => Some((Instant::now(), Leave::Stopping)),
            Stops::Soon => Some((kept.unwrap_or_else(moment), Leave::Stopping)),
            Stops::No if self.has_moved(&generation) => Some((kept.unwrap_or_else(moment), Leave::Moved)),
            Stops::No => None,
        };
    }

    fn has_moved(&self, generation: &Generation) -> bool {
        let is_same = |route: &Arc<Route>| route.way == self.way;
        if !generation.route(&self.route).is_some_and(is_same) {
            return true;
        }
        self.at.as_ref().is_some_and(|(upstream, target)| {
            let pool = generation.pools.get(&**upstream);
            !pool.is_some_and(|pool| pool.keeps(*target))
        })
    }
}
