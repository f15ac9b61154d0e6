//! What a load test found, and how it is told: the [`model`] that is written as JSON, and its views.
//!
//! [`store`] keeps reports as files, [`terminal`] and [`html`] show them, [`compare`] holds one against another, and
//! [`units`] words figures, so that a time reads the same wherever it stands.

pub mod compare;
pub mod html;
pub mod model;
mod standing;
mod steps;
pub mod store;
pub mod terminal;
pub mod units;
