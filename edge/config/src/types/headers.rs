//! `routes.<name>.headers`.

use crate::secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Changes to header fields. What other keys speak for (identity, cross-origin fields, quotas, affinity) the edge writes
/// itself, whatever stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Headers {
    /// To what the service is sent; on a `graphql` route to what each subgraph is sent.
    pub request: HeaderChanges,
    /// To what the client is answered, be it by the service or by the edge itself.
    pub response: HeaderChanges,
}

/// Fields to set and to remove. Removing comes first.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderChanges {
    /// Fields to set, whatever was there.
    #[serde(serialize_with = "secret::fields")]
    pub set: BTreeMap<String, String>,
    /// Names of fields to remove.
    pub remove: Vec<String>,
}

impl fmt::Debug for HeaderChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HeaderChanges");
        debug
            .field("set", &self.set.keys())
            .field("remove", &self.remove)
            .finish()
    }
}
