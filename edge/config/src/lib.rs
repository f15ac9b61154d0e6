//! `edge.yaml`: its types, read with places, interpolated, checked; every mistake at once.
//!
//! The way of a file: `tree` reads it, `interpolate` fills in variables, `load` lays routes over `defaults`,
//! `decode` makes the [`types`], `check` does the rest. Relative paths in it are against the working directory.
//! [`Sources`] remembers where each value came from, [`diff`](fn@diff) compares two configurations.
//! [`document`] reads files of other kinds by the same rules.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod de;
mod decode;
pub mod diagnose;
mod diff;
mod document;
mod effective;
mod hints;
mod interpolate;
mod load;
mod loaded;
mod pem;
mod schema;
mod secret;
mod sources;
mod surroundings;
mod tree;
pub mod types;
pub mod units;

pub use check::Report;
pub use diagnose::{At, Diagnostic, Severity, Words};
pub use diff::{Change, Effect, diff};
pub use document::{document, document_text};
pub use interpolate::Env;
pub use loaded::Loaded;
pub use pem::not_after;
pub use schema::{reference, schema, schema_text};
pub use secret::{HIDDEN, is_secret_field};
pub use sources::{Origin, Source, Sources};
pub use surroundings::Surroundings;
pub use tree::Variable;
pub use types::*;
