//! One delivery: parse, handle in a transaction, retry, decide.

use crate::pause::Pause;
use crate::schema::processed_events as processed;
use crate::{After, Handler, HandlerError, Incoming, Subscription};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use lapin::message::Delivery;
use lapin::types::AMQPValue;
use shared_contracts::event::CloudEvent;
use shared_postgres::{AsyncConnection, AsyncPgConnection, Pool};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A message that came this often without an outcome brings the process down each time.
const MOST_DELIVERIES: i64 = 20;
/// Longest run of what comes after the commit.
const AFTER: Duration = Duration::from_secs(5);

/// What becomes of a delivery.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It took effect, now or before.
    Done,
    /// It never will, for this reason.
    Dead(String),
}

/// Handles deliveries of one subscription.
pub(crate) struct Processor<H> {
    pub(crate) pool: Pool,
    pub(crate) subscription: Subscription,
    pub(crate) handler: H,
}

impl<H: Handler> Processor<H> {
    /// Tries until there is a verdict. Dropping the future in between leaves nothing half-done.
    pub(crate) async fn process(&self, delivery: &Delivery) -> Verdict {
        let event = match parse(delivery) {
            Ok(event) => event,
            Err(reason) => return Verdict::Dead(reason),
        };
        let mut pause = Pause::new(self.subscription.first_pause);
        let mut attempts = 0;
        loop {
            let error = match self.attempt(&event).await {
                Ok(after) => {
                    finish(after).await;
                    return Verdict::Done;
                }
                Err(error) => error,
            };
            let (kind, id) = (event.kind(), event.event.id);
            match &error {
                HandlerError::Permanent(_) => return Verdict::Dead(error.to_string()),
                HandlerError::Transient(_) => {
                    attempts += 1;
                    if attempts >= self.subscription.max_attempts {
                        return Verdict::Dead(format!("{attempts} attempts: {error}"));
                    }
                    tracing::warn!(%error, kind, %id, attempts, "the event will be tried again");
                }
                HandlerError::Away(_) => tracing::warn!(%error, kind, %id, "the event has to wait"),
            }
            tokio::time::sleep(pause.next()).await;
        }
    }

    async fn attempt(&self, event: &Incoming) -> Result<After, HandlerError> {
        let mut conn = self.pool.get().await?;
        let (handler, consumer) = (&self.handler, self.subscription.queue.as_str());
        let work = conn.transaction(async |conn| handle_once(conn, handler, consumer, event).await);
        // A panic in a handler must not end the consumer; the connection is thrown away by the pool.
        let work = AssertUnwindSafe(work).catch_unwind();
        match tokio::time::timeout(self.subscription.handler_timeout, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(HandlerError::transient("the handler panicked")),
            Err(_) => Err(HandlerError::transient("the handler took too long")),
        }
    }
}

/// Notes the event and handles it, unless it was noted before.
async fn handle_once<H: Handler>(
    conn: &mut AsyncPgConnection,
    handler: &H,
    consumer: &str,
    event: &Incoming,
) -> Result<After, HandlerError> {
    // A second delivery to another instance waits here until the first transaction ends.
    let noted = diesel::insert_into(processed::table)
        .values((processed::consumer.eq(consumer), processed::event_id.eq(event.event.id)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if noted == 0 {
        tracing::debug!(kind = event.kind(), id = %event.event.id, "handled before");
        return Ok(After::nothing());
    }
    handler.handle(conn, event).await
}

async fn finish(after: After) {
    let Some(effect) = after.take() else { return };
    let effect = AssertUnwindSafe(effect).catch_unwind();
    match tokio::time::timeout(AFTER, effect).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::error!("what follows the commit panicked"),
        Err(_) => tracing::warn!("what follows the commit took too long"),
    }
}

/// The event of a delivery, or why there is none.
fn parse(delivery: &Delivery) -> Result<Incoming, String> {
    if delivery_count(delivery) > MOST_DELIVERIES {
        return Err(format!(
            "delivered more than {MOST_DELIVERIES} times without an outcome"
        ));
    }
    let event: CloudEvent = serde_json::from_slice(&delivery.data).map_err(|error| format!("no event: {error}"))?;
    if event.specversion != "1.0" {
        return Err(format!("CloudEvents {} is not known", event.specversion));
    }
    let traceparent = match header(delivery, "traceparent") {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        Some(AMQPValue::ShortString(text)) => Some(text.to_string()),
        _ => None,
    };
    Ok(Incoming { event, traceparent })
}

/// How often a quorum queue has delivered it before (<https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling>).
fn delivery_count(delivery: &Delivery) -> i64 {
    match header(delivery, "x-delivery-count") {
        Some(AMQPValue::LongLongInt(count)) => *count,
        Some(AMQPValue::LongInt(count)) => i64::from(*count),
        Some(AMQPValue::LongUInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortShortUInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortShortInt(count)) => i64::from(*count),
        _ => 0,
    }
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a AMQPValue> {
    delivery.properties.headers().as_ref()?.inner().get(name)
}
