//! `routes.<name>.graphql`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// The services whose schemas make one API, which the edge answers itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graphql {
    /// By name; at least one. A list of names is short for `{ <name>: { upstream: <name>, schema: conf/graphql/<name>.graphql } }`.
    #[serde(deserialize_with = "crate::de::subgraphs")]
    #[schemars(with = "crate::schema::Subgraphs")]
    pub subgraphs: BTreeMap<String, Subgraph>,
}

/// One service's part of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subgraph {
    /// Name in `upstreams`.
    pub upstream: String,
    /// File with its schema, against the working directory.
    pub schema: PathBuf,
}
