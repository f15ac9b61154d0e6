//! The way out: stop accepting, let requests end, close what stays open, within a bound.

use crate::edge::Edge;
use async_trait::async_trait;
use pingora_core::{
    server::{ShutdownSignal, ShutdownSignalWatch, ShutdownWatch},
    services::background::BackgroundService,
};
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{Instant, sleep},
};

/// Listeners close at once, idle connections after this time: requests that are about to come on them are answered.
pub(crate) const IDLE: Duration = Duration::from_secs(1);
/// It takes at least this long.
const SHORTEST: Duration = Duration::from_millis(1_200);
/// Pingora waits no longer than this. [`Drain`] is done long before.
pub(crate) const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Tells the main thread that all is done.
#[derive(Clone)]
pub(crate) struct Done(mpsc::Sender<()>);

/// Waits for [`Done`].
pub(crate) struct Waiting(mpsc::Receiver<()>);

/// A way to tell that all is done.
pub(crate) fn channel() -> (Done, Waiting) {
    let (sender, receiver) = mpsc::channel();
    (Done(sender), Waiting(receiver))
}

impl Done {
    /// All is done. Telling it again, or after nobody waits, changes nothing.
    pub(crate) fn tell(&self) {
        let _ = self.0.send(());
    }
}

impl Waiting {
    /// Waits until all is done, or until nobody is left who could say so.
    pub(crate) fn wait(self) {
        let _ = self.0.recv();
    }
}

/// The signals that end the process: SIGTERM drains, SIGINT (also after a SIGTERM) ends at once. Pingora's own watch
/// would also take SIGQUIT, and then try to hand its listeners to a successor that there is not.
pub(crate) struct Signals {
    /// Ends at once what drains.
    pub(crate) done: Done,
    /// Told when a successor serves: the same as SIGTERM.
    pub(crate) succeeded: Arc<Notify>,
}

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "signals cannot be heard: the edge will not drain");
                std::future::pending().await
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {
                tracing::info!("interrupted");
                ShutdownSignal::FastShutdown
            }
            () = async { tokio::select! { _ = terminate.recv() => {}, () = self.succeeded.notified() => {} } } => {
                tracing::info!("told to stop; draining");
                let done = self.done.clone();
                tokio::spawn(async move {
                    interrupt.recv().await;
                    done.tell();
                });
                ShutdownSignal::GracefulTerminate
            }
        }
    }
}

/// Watches the last requests after the signal to stop.
pub(crate) struct Drain {
    /// Whose.
    pub(crate) edge: Arc<Edge>,
    /// Told when none is left.
    pub(crate) drained: Done,
}

#[async_trait]
impl BackgroundService for Drain {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        if shutdown.wait_for(|stopping| *stopping).await.is_err() {
            return;
        }
        let edge = &self.edge;
        let (metrics, bell) = (&edge.metrics, &edge.parts.states.bell);
        let (requests, spread) = {
            let drain = &edge.generation.load().source.config.drain;
            (*drain.requests, *drain.spread)
        };
        let began = Instant::now();
        bell.stop();
        sleep(SHORTEST).await;
        // Streams have no end of their own, but theirs.
        let is_busy = || metrics.in_flight.get() > metrics.streams.get() && began.elapsed() < requests;
        while is_busy() || (bell.open() > 0 && began.elapsed() < spread) {
            sleep(LOOK_EVERY).await;
        }
        let (cut, streams) = (metrics.in_flight.get(), metrics.streams.get());
        tracing::info!(requests = cut - streams, streams, "drained; what is left is closed");
        bell.close().await;
        self.drained.tell();
    }
}
