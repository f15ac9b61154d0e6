//! Notifications, stored and live.
//!
//! Events come in from RabbitMQ ([`events`]); what they mean to whom is decided and stored, and after the commit pushed
//! over Socket.IO ([`socket`]) to whichever instance holds the receiver's sockets. `@name`s are looked up apart from
//! that ([`mentions`]). Clients read what they missed over REST ([`http`]).

mod app;
mod config;
pub mod domain;
pub mod events;
pub mod http;
pub mod identity;
pub mod mentions;
pub mod socket;
pub mod store;

pub use app::{Service, StartError};
pub use config::Config;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The port on loopback where no address is given.
pub const DEFAULT_PORT: u16 = 3005;

const OWN_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/notifications");

/// What the database needs: the service's own tables and those of the event bus.
pub const MIGRATIONS: &[EmbeddedMigrations] = &[OWN_MIGRATIONS, shared_event_bus::MIGRATIONS];
