//! `edge.yaml`: its types, read with places, interpolated, checked; every mistake at once.
//!
//! The way of a file: `tree` reads it, `interpolate` fills in variables, `load` lays routes over `defaults`,
//! `decode` makes the [`types`], `check` does the rest. Relative paths in it are against the working directory.
//! [`document`] reads files of other kinds by the same rules.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
mod de;
mod decode;
pub mod diagnose;
mod interpolate;
mod load;
mod tree;
pub mod types;
pub mod units;

pub use check::Report;
pub use diagnose::{At, Diagnostic};
pub use load::{Env, document, document_text};
pub use types::*;
