//! Settings, from flags and environment.

use clap::{Parser, Subcommand};
use shared_service::Settings;

/// The port where none is given.
pub const PORT: u16 = 3002;
/// The logical Redis database of this service.
pub const REDIS_DATABASE: u8 = 1;

/// The posts service: posts, likes, the feed.
#[derive(Debug, Parser)]
#[command(name = "posts", version)]
pub struct Config {
    /// What to do; serves where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What every service has.
    #[command(flatten)]
    pub service: Settings,
    /// PostgreSQL, with the database's name.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        default_value = "postgres://postgres@127.0.0.1:5432/post_db"
    )]
    pub database_url: String,
    /// Most connections to PostgreSQL at a time.
    #[arg(long, env = "DATABASE_POOL", default_value_t = 10)]
    pub database_pool: u32,
    /// Redis, without a database's number.
    #[arg(
        long,
        env = "REDIS_URL",
        hide_env_values = true,
        default_value = "redis://127.0.0.1:6379"
    )]
    pub redis_url: String,
    /// Stands before every Redis key.
    #[arg(long, env = "REDIS_PREFIX", default_value = "")]
    pub redis_prefix: String,
    /// RabbitMQ, with the virtual host if it is not `/`.
    #[arg(
        long,
        env = "AMQP_URL",
        hide_env_values = true,
        default_value = "amqp://guest:guest@127.0.0.1:5672"
    )]
    pub amqp_url: String,
    /// The topic exchange that events go through.
    #[arg(long, env = "AMQP_EXCHANGE", default_value = shared_contracts::event::EXCHANGE)]
    pub amqp_exchange: String,
    /// The auth service, which knows the users.
    #[arg(long, env = "AUTH_URL", default_value = "http://127.0.0.1:3001")]
    pub auth_url: String,
}

/// What the program can do beside serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Migrate the database, then serve.
    Serve,
    /// Print the GraphQL schema and end.
    Schema,
}
