//! The relay: brings the outbox to RabbitMQ.

use crate::broker::{Broker, BrokerError, confirmed};
use crate::pause::Pause;
use crate::{Settings, outbox};
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;
use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, Pool};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Looks for rows this often when nobody wakes it: for those of other instances and of a crash before the wake.
const POLL: Duration = Duration::from_millis(500);
/// Looks again this soon while another instance is at work.
const BUSY: Duration = Duration::from_millis(50);
/// On shutdown, how long the batch at hand may take.
const GRACE: Duration = Duration::from_secs(3);
/// Rows in one go.
const BATCH: i64 = 100;
/// Key of the advisory lock held while publishing; PostgreSQL scopes it to the database.
const LOCK: i64 = 0x6e66_7265_6c61;

/// Wakes the relay of this process; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Bus {
    wake: Arc<Notify>,
}

impl Bus {
    /// A handle, to be given to [`Relay::spawn`] and to whoever enqueues.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the relay that there is something to publish. Call it after the commit; never waits.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Publishes the outbox in the background; one instance at a time does, the others stand by.
///
/// Rows go after RabbitMQ has confirmed them, so an event may be published twice but never lost. An event that no queue
/// is bound to is gone, as with any topic exchange; that is logged. Dropping the handle ends the relay.
#[derive(Debug)]
#[must_use = "dropping it ends the relay"]
pub struct Relay {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts it. Database and RabbitMQ may be away.
    pub fn spawn(pool: Pool, settings: Settings, bus: Bus) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(
            Work {
                pool,
                settings,
                broker: None,
            }
            .run(bus, stopped),
        );
        Self { stop, task }
    }

    /// Ends it after the batch at hand, or after 3 s.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        if self.task.await.is_err() {
            tracing::error!("the relay had crashed");
        }
    }
}

/// What a look into the outbox came to.
#[derive(Debug, PartialEq, Eq)]
enum Looked {
    /// Nothing left.
    Empty,
    /// Published a batch: there may be more.
    Published,
    /// Another instance is at it.
    Busy,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("RabbitMQ: {0}")]
    Broker(#[from] BrokerError),
}

impl From<diesel::result::Error> for RelayError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

struct Work {
    pool: Pool,
    settings: Settings,
    broker: Option<Broker>,
}

impl Work {
    async fn run(mut self, bus: Bus, mut stopped: watch::Receiver<bool>) {
        let mut pause = Pause::new(Duration::from_millis(100));
        let mut failing = false;
        loop {
            let looked = tokio::select! {
                looked = self.look() => looked,
                // What is not confirmed by then stays in the outbox.
                () = grace_over(stopped.clone()) => break,
            };
            let wait = match looked {
                Ok(looked) => {
                    pause.reset();
                    if std::mem::take(&mut failing) {
                        tracing::info!("events are published again");
                    }
                    match looked {
                        Looked::Published => continue_unless(&stopped),
                        Looked::Busy => Some(BUSY),
                        Looked::Empty => Some(POLL),
                    }
                }
                Err(error) => {
                    self.broker = None;
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "events wait in the outbox");
                    }
                    Some(pause.next())
                }
            };
            let Some(wait) = wait else { continue };
            tokio::select! {
                // A dropped handle ends it as well.
                _ = stopped.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(wait) => {}
                // While something is away, more work must not mean more attempts.
                () = bus.wake.notified(), if !failing => {}
            }
        }
        if let Some(broker) = self.broker.take() {
            broker.close().await;
        }
    }

    async fn look(&mut self) -> Result<Looked, RelayError> {
        let mut conn = self.pool.get().await?;
        if outbox::is_empty(&mut conn).await? {
            return Ok(Looked::Empty);
        }
        // Connect first: the transaction below must be short.
        let broker = match self.broker.take().filter(Broker::is_open) {
            Some(broker) => broker,
            None => {
                drop(conn);
                let broker = Broker::open(&self.settings, "relay").await?;
                conn = self.pool.get().await?;
                broker
            }
        };
        let broker = self.broker.insert(broker);
        let settings = &self.settings;
        conn.transaction(async |conn| publish_batch(conn, broker, settings).await)
            .await?
    }
}

/// `None` to look again at once, or a pause of nothing that lets the stop be seen.
fn continue_unless(stopped: &watch::Receiver<bool>) -> Option<Duration> {
    let stopping = *stopped.borrow() || stopped.has_changed().is_err();
    stopping.then_some(Duration::ZERO)
}

async fn grace_over(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
    tokio::time::sleep(GRACE).await;
}

#[derive(diesel::QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Publishes the oldest rows in order and deletes those confirmed, also when a later one failed: the outer result is
/// the transaction's, the inner one RabbitMQ's.
async fn publish_batch(
    conn: &mut AsyncPgConnection,
    broker: &Broker,
    settings: &Settings,
) -> Result<Result<Looked, RelayError>, RelayError> {
    let lock = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked").bind::<BigInt, _>(LOCK);
    let lock: Locked = lock.get_result(conn).await?;
    if !lock.locked {
        return Ok(Ok(Looked::Busy));
    }
    let rows = outbox::rows(conn, BATCH).await?;
    if rows.is_empty() {
        return Ok(Ok(Looked::Empty));
    }
    let (confirmed, failure) = publish(broker, settings, rows).await;
    outbox::forget(conn, &confirmed).await?;
    match failure {
        None => Ok(Ok(Looked::Published)),
        Some(error) => Ok(Err(error.into())),
    }
}

/// Sends all rows, then collects the confirms: the ids up to the first failure, and that failure.
async fn publish(broker: &Broker, settings: &Settings, rows: Vec<outbox::Row>) -> (Vec<i64>, Option<BrokerError>) {
    let mut sent = Vec::with_capacity(rows.len());
    let mut failure = None;
    for row in rows {
        let (id, traceparent) = (row.id, row.traceparent.clone());
        let event = row.into_event(&settings.service);
        match broker.send(&settings.exchange, &event, traceparent.as_deref()).await {
            Ok(confirm) => sent.push((id, event, confirm)),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let mut done = Vec::with_capacity(sent.len());
    for (id, event, confirm) in sent {
        match confirmed(confirm).await {
            Ok(routed) => {
                if !routed {
                    tracing::debug!(kind = event.kind, id = %event.id, "nobody listens to this kind of event");
                }
                done.push(id);
            }
            Err(error) => return (done, Some(error)),
        }
    }
    (done, failure)
}
