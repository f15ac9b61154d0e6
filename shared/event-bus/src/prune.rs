//! Forgets what was handled long ago.

use crate::schema::processed_events as processed;
use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared_postgres::{DbError, Pool};
use std::time::Duration;

/// A second delivery after this time would take effect again.
const KEEP: TimeDelta = TimeDelta::days(7);
/// How often old rows are deleted.
const EVERY: Duration = Duration::from_secs(3600);

/// Deletes old rows of `consumer`, now and every hour; never ends.
pub(crate) async fn keep_pruning(pool: &Pool, consumer: &str) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        match prune(pool, consumer).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, consumer, "pruned processed events"),
            Err(error) => tracing::debug!(%error, consumer, "cannot prune processed events now"),
        }
    }
}

async fn prune(pool: &Pool, consumer: &str) -> Result<usize, DbError> {
    let mut conn = pool.get().await?;
    let old = processed::table
        .filter(processed::consumer.eq(consumer))
        .filter(processed::processed_at.lt(Utc::now() - KEEP));
    Ok(diesel::delete(old).execute(&mut conn).await?)
}
