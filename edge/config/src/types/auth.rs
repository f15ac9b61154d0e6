//! `routes.<name>.auth`.

use edge_policy::identity::Access;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Who may use a route: `public`, or `{ jwt: <name>, optional: <bool>, require: { <claim>: [<value>] } }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Tokens are not looked at.
    #[default]
    Public,
    /// A token of the named issuer.
    Jwt {
        /// Name in `jwt`.
        name: String,
        /// Whether anonymous callers pass too.
        optional: bool,
        /// Claims a token must have, each with one of these values.
        require: BTreeMap<String, Vec<String>>,
    },
}

impl Auth {
    /// Who may use the route, as the policy crate decides it.
    pub fn access(&self) -> Access {
        match self {
            Self::Public => Access::Public,
            Self::Jwt { optional: true, .. } => Access::Optional,
            Self::Jwt { optional: false, .. } => Access::Required,
        }
    }
}

/// The long form: a token of an issuer.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = nothing_required)]
pub(crate) struct Token {
    /// Name in `jwt`; a route may have it from `defaults`.
    pub(crate) jwt: String,
    /// Whether anonymous callers pass too. A token that is sent must be good all the same.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Claims a token must have, each with one of these values: `{ role: [admin, editor] }`.
    #[serde(default)]
    pub(crate) require: BTreeMap<String, Vec<String>>,
}

/// In the file a route may say a part, and have the rest from `defaults`.
fn nothing_required(schema: &mut schemars::Schema) {
    schema.remove("required");
}

impl Serialize for Auth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::Public => serializer.serialize_str("public"),
            Self::Jwt {
                name,
                optional,
                require,
            } => Token {
                jwt: name,
                optional,
                require,
            }
            .serialize(serializer),
        }
    }
}
