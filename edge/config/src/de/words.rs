//! Types of the policy crate that are one of a few words in the file.

use edge_policy::{
    csrf,
    rate_limit::{Algorithm, OnMissing, OnStoreFailure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a request that lacks a part of a quota's key.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "OnMissing", rename_all = "snake_case")]
pub(crate) enum Missing {
    /// The quota is not for it.
    Skip,
    /// What is missing counts as a value: all who lack it share one quota.
    Share,
}

/// What becomes of other sites' requests.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "csrf::Mode", rename_all = "snake_case")]
pub(crate) enum CsrfMode {
    /// They are refused.
    Enforce,
    /// They pass, and are counted and logged: to find out who would be refused.
    Report,
    /// Nobody looks.
    Off,
}

/// How a limit counts.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Algorithm", rename_all = "snake_case")]
pub(crate) enum Counting {
    /// Generic cell rate algorithm: tokens come back one by one, at the rate.
    Gcra,
    /// A window that starts with the first request; exact.
    Window,
}

/// What counts while the store is away.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "OnStoreFailure", rename_all = "snake_case")]
pub(crate) enum StoreFailure {
    /// This edge counts alone.
    Local,
    /// Nothing: all pass.
    Open,
    /// Nothing: all are refused with 503.
    Closed,
}
