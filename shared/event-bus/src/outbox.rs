//! The outbox: events that are written in the transaction they tell about.

use crate::schema::outbox_events;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use shared_contracts::event::CloudEvent;
use shared_postgres::{AsyncPgConnection, DbError};
use uuid::Uuid;

/// An event before it has an id.
#[derive(Debug, Clone)]
pub struct EventDraft {
    /// The routing key, which becomes the event's `type`; see [`shared_contracts::event::key`].
    pub key: String,
    /// What it is about, as `<kind>/<id>`.
    pub subject: String,
    /// The payload.
    pub data: serde_json::Value,
    /// The trace it belongs to (W3C Trace Context), sent along as a message header.
    pub traceparent: Option<String>,
}

impl EventDraft {
    /// A draft with one of the contracts' payloads.
    ///
    /// # Errors
    /// [`DbError::Internal`] if `data` has no JSON form.
    pub fn new<T: Serialize>(key: impl Into<String>, subject: impl Into<String>, data: &T) -> Result<Self, DbError> {
        let data = serde_json::to_value(data).map_err(|error| DbError::Internal(Box::new(error)))?;
        Ok(Self {
            key: key.into(),
            subject: subject.into(),
            data,
            traceparent: None,
        })
    }

    /// Names the trace it belongs to.
    #[must_use]
    pub fn traceparent(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}

/// A row of the outbox.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = outbox_events, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) event_id: Uuid,
    pub(crate) kind: String,
    pub(crate) subject: Option<String>,
    pub(crate) data: serde_json::Value,
    pub(crate) traceparent: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

impl Row {
    /// The envelope, as `service` says it.
    pub(crate) fn into_event(self, service: &str) -> CloudEvent {
        CloudEvent {
            specversion: "1.0".into(),
            id: self.event_id,
            source: format!("/{service}"),
            kind: self.kind,
            subject: self.subject,
            time: self.created_at,
            datacontenttype: "application/json".into(),
            data: self.data,
        }
    }
}

/// Writes an event in the caller's transaction; its id. Call [`crate::Bus::wake`] after the commit.
///
/// Events of one transaction are published in the order of these calls. Between transactions the order is that of the
/// calls as long as both hold a lock on the same row when they call, so change the row first and enqueue last.
///
/// # Errors
/// As any statement.
pub async fn enqueue(conn: &mut AsyncPgConnection, draft: EventDraft) -> Result<Uuid, DbError> {
    let id = Uuid::now_v7();
    diesel::insert_into(outbox_events::table)
        .values((
            outbox_events::event_id.eq(id),
            outbox_events::kind.eq(draft.key),
            outbox_events::subject.eq(draft.subject),
            outbox_events::data.eq(draft.data),
            outbox_events::traceparent.eq(draft.traceparent),
        ))
        .execute(conn)
        .await?;
    Ok(id)
}

/// What is not published yet, oldest first, at most `limit`; the events' `source` names `service`.
///
/// # Errors
/// As any statement.
pub async fn pending(conn: &mut AsyncPgConnection, service: &str, limit: i64) -> Result<Vec<CloudEvent>, DbError> {
    let rows = rows(conn, limit).await?;
    Ok(rows.into_iter().map(|row| row.into_event(service)).collect())
}

/// The oldest rows.
pub(crate) async fn rows(conn: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<Row>> {
    outbox_events::table
        .select(Row::as_select())
        .order(outbox_events::id)
        .limit(limit)
        .load(conn)
        .await
}

/// True if there is nothing to publish.
pub(crate) async fn is_empty(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let some: Option<i64> = outbox_events::table
        .select(outbox_events::id)
        .first(conn)
        .await
        .optional()?;
    Ok(some.is_none())
}

/// Deletes published rows.
pub(crate) async fn forget(conn: &mut AsyncPgConnection, ids: &[i64]) -> QueryResult<usize> {
    diesel::delete(outbox_events::table.filter(outbox_events::id.eq_any(ids)))
        .execute(conn)
        .await
}
