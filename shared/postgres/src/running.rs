//! What runs on a connection, and its end where nobody waits for it any more.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio_postgres::{CancelToken, NoTls};

/// Longest time to tell the server; its own bound of a statement ends what it could not be told of.
const TELLING: Duration = Duration::from_secs(2);

/// Statements under way on a connection: those that were begun and whose caller has heard no outcome.
///
/// A result counts as heard with its first bytes: the server has done most of its work by then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<AtomicU32>);

impl Running {
    /// Whether the server may be at work for this connection.
    pub(crate) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Instrumentation for Running {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::FinishQuery { .. } => {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Ends the statement of a connection that is given up. The server learns of a closed socket only when it writes, so that
/// the statement would run, and hold its locks, to its end.
pub(crate) fn cancel(statement: CancelToken) {
    // Without a runtime the process is about to end.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        match tokio::time::timeout(TELLING, statement.cancel_query(NoTls)).await {
            Ok(Ok(())) => tracing::debug!("a statement that nobody waits for is cancelled"),
            Ok(Err(error)) => tracing::debug!(%error, "a statement could not be cancelled"),
            Err(_) => tracing::debug!("a statement could not be cancelled in time"),
        }
    });
}
