//! The hyper server every service stands on: serve and drain, health, identity, problem+json, calls to peers.
//!
//! A service builds its routes, hands them to [`app`] (which adds what all have in common) and the result to [`serve`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod app;
mod caller;
mod cursor;
mod deadline;
mod error;
pub mod graphql;
mod health;
mod json;
mod peer;
mod serve;
mod settings;
mod token;
mod users;
pub mod validate;
mod wording;

pub use app::app;
pub use caller::{Caller, RequireService, RequireUser, User};
pub use cursor::Cursor;
pub use deadline::regardless;
pub use error::{ApiError, ApiResult};
pub use health::Readiness;
pub use json::{ApiJson, ApiPath, ApiQuery};
pub use peer::{CallContext, PeerClient, PeerError};
pub use serve::{ServeError, ended, serve, serve_on, shutdown_on_signal};
pub use settings::{DatabaseSettings, EventSettings, RedisSettings, Settings};
pub use token::ServiceTokens;
pub use users::{Found, UserDirectory};

/// Of every service, as of the edge, where its worth was measured (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Told when the process should end; long answers (SSE, sockets) watch it.
pub use tokio_util::sync::CancellationToken as Shutdown;
