//! Queries. Each function takes the connection, so that callers decide what shares a transaction.

pub mod inbox;
pub mod pending;
pub mod schema;
pub mod subjects;
