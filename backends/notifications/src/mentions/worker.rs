//! Works off pending mentions: at once when woken, else every few seconds.

use super::resolve::{self, Outcome};
use crate::socket::Live;
use shared_postgres::Pool;
use shared_service::{Shutdown, UserDirectory};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};

/// How often entries that are due again are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Tells the worker that there is something to do.
#[derive(Debug, Clone, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Wakes it, now or as soon as it is free.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// The background task of one instance.
#[derive(Debug)]
pub struct Worker {
    stop: Shutdown,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it. Database and auth may be away.
    pub fn spawn(pool: Pool, users: UserDirectory, live: Live, waker: Waker) -> Self {
        let stop = Shutdown::new();
        let task = tokio::spawn(run(pool, users, live, waker, stop.clone()));
        Self { stop, task }
    }

    /// Ends it after the entry at hand.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if self.task.await.is_err() {
            tracing::error!("the look-up of mentions had crashed");
        }
    }
}

async fn run(pool: Pool, users: UserDirectory, live: Live, waker: Waker, stop: Shutdown) {
    while !stop.is_cancelled() {
        match resolve::next(&pool, &users).await {
            Ok(Outcome::Told(outgoing)) => {
                live.send_all(&outgoing).await;
                continue;
            }
            Ok(Outcome::Postponed) => continue,
            Ok(Outcome::Nothing) => {}
            Err(error) => tracing::debug!(%error, "pending mentions have to wait"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = waker.0.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
