//! The way out: stop accepting, let requests end, close what stays open, within a bound.

use crate::metrics::Metrics;
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
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Listeners and idle connections close at once; requests that arrive at that very moment get at least this long.
const SHORTEST: Duration = Duration::from_secs(1);
/// Requests are waited for no longer than this.
const LONGEST: Duration = Duration::from_secs(11);
/// Tunnels get this long to pass on their last bytes.
const CLOSING: Duration = Duration::from_secs(2);
/// Nothing takes longer than this.
pub(crate) const GRACE: Duration = LONGEST.saturating_add(CLOSING);
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

/// Ends tunnels, which no server knows of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closing(watch::Sender<bool>);

impl Closing {
    /// A tunnel's view; the tunnel is waited for until it drops this.
    pub(crate) fn watch(&self) -> Draining {
        Draining(self.0.subscribe())
    }

    /// Tells all tunnels to end, and waits for them.
    async fn close(&self) {
        self.0.send_replace(true);
        // Those that take longer are cut with the process.
        let _ = timeout(CLOSING, self.0.closed()).await;
    }
}

/// Learns when the edge closes its tunnels.
pub(crate) struct Draining(watch::Receiver<bool>);

impl Draining {
    /// Returns when tunnels have to end.
    pub(crate) async fn begun(&mut self) {
        if self.0.wait_for(|closing| *closing).await.is_err() {
            // Nobody is left who could say so.
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that end the process: SIGTERM drains, SIGINT (also after a SIGTERM) ends at once. Pingora's own watch
/// would also take SIGQUIT, and then try to hand its listeners to a successor that there is not.
pub(crate) struct Signals(pub(crate) Done);

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
            _ = terminate.recv() => {
                tracing::info!("told to stop; draining");
                let done = self.0.clone();
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
    /// Where requests and streams are counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Ends the tunnels.
    pub(crate) closing: Closing,
    /// Told when none is left.
    pub(crate) drained: Done,
}

#[async_trait]
impl BackgroundService for Drain {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        if shutdown.wait_for(|stopping| *stopping).await.is_err() {
            return;
        }
        let began = Instant::now();
        sleep(SHORTEST).await;
        // Streams have no end of their own: they are not waited for.
        while self.metrics.in_flight.get() > self.metrics.streams.get() && began.elapsed() < LONGEST {
            sleep(LOOK_EVERY).await;
        }
        let (cut, streams) = (self.metrics.in_flight.get(), self.metrics.streams.get());
        tracing::info!(requests = cut - streams, streams, "drained; what is left is closed");
        self.closing.close().await;
        self.drained.tell();
    }
}
