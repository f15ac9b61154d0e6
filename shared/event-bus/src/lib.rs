//! Events: transactional outbox, relay, consumer, retry, dead letters.
//!
//! A service that says something calls [`outbox::enqueue`] in the transaction that changes its data, and [`Bus::wake`]
//! after the commit; its [`Relay`] brings the rows to RabbitMQ, in order, and deletes each once RabbitMQ has it. With
//! RabbitMQ away writes still succeed and the backlog drains later.
//!
//! A service that listens spawns a [`Consumer`] with a [`Handler`]. A delivery is handled in one transaction with the
//! note that it was, so that an event takes effect once, however often it is delivered.
//!
//! ```no_run
//! use shared_event_bus::{After, Bus, Consumer, EventDraft, Handler, HandlerError, Incoming, Relay, Settings, Subscription};
//! use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, Pool};
//!
//! struct Deletes;
//! impl Handler for Deletes {
//!     async fn handle(&self, conn: &mut AsyncPgConnection, event: &Incoming) -> Result<After, HandlerError> {
//!         let _data: serde_json::Value = event.data()?;
//!         let _ = conn; // change something in the same transaction
//!         Ok(After::run(async { /* tell those who listen, once it is committed */ }))
//!     }
//! }
//!
//! # async fn example(pool: Pool) -> Result<(), DbError> {
//! let settings = Settings::new("amqp://guest:guest@127.0.0.1:5672", "newfeed.events", "comments");
//! let bus = Bus::new();
//! let relay = Relay::spawn(pool.clone(), settings.clone(), bus.clone());
//! let consumer = Consumer::spawn(pool.clone(), settings, Subscription::new("comments", ["post.deleted"]), Deletes);
//!
//! let mut conn = pool.get().await?;
//! conn.transaction::<_, DbError, _>(async |conn| {
//!     let draft = EventDraft::new("comment.created", "comment/1", &serde_json::json!({ "id": "1" }))?;
//!     shared_event_bus::outbox::enqueue(conn, draft).await?;
//!     Ok(())
//! })
//! .await?;
//! bus.wake();
//!
//! consumer.shutdown().await;
//! relay.shutdown().await;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod broker;
mod consumer;
mod endpoint;
mod handler;
pub mod outbox;
mod pause;
mod process;
mod prune;
mod relay;
mod schema;
mod settings;
mod topology;

pub use consumer::Consumer;
pub use endpoint::Endpoint;
pub use handler::{After, Handler, HandlerError, Incoming};
pub use outbox::EventDraft;
pub use relay::{Bus, Relay};
pub use settings::{Settings, Subscription};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The tables `outbox_events` and `processed_events`; run next to a service's own migrations, in its database.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/event_bus");
