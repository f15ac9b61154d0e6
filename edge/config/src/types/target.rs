//! One instance of a service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One instance: `host:port`, or a map with more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Target {
    /// `host:port`, without a scheme or a path; a name is resolved in the background.
    pub address: String,
    /// Its share, 1 to 100.
    #[schemars(range(min = 1, max = 100), default = "one")]
    pub weight: u32,
    /// What sets it apart, for instance `{ version: canary }`: shown where instances are, and what a route's `subset` goes by.
    #[schemars(default)]
    pub labels: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The long form, as read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Long {
    #[serde(deserialize_with = "crate::de::whole_address")]
    pub(crate) address: String,
    #[serde(default = "one", deserialize_with = "crate::de::weight")]
    pub(crate) weight: u32,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}
