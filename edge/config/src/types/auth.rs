//! `routes.<name>.auth`.

use edge_policy::identity::Access;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// Who may use a route: `public`, or `{ jwt: <name or names>, optional: <bool>, require: { <claim>: [<value>] } }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Tokens are not looked at.
    #[default]
    Public,
    /// A token of one of the named issuers.
    Jwt {
        /// Names in `jwt`; at least one.
        names: Vec<String>,
        /// Whether anonymous callers pass too.
        optional: bool,
        /// Claims a token must have, each with one of these values.
        require: BTreeMap<String, Vec<String>>,
    },
}

impl Auth {
    /// Names in `jwt` of the issuers whose tokens are looked at.
    pub fn issuers(&self) -> &[String] {
        match self {
            Self::Public => &[],
            Self::Jwt { names, .. } => names,
        }
    }

    /// What a token must have.
    pub fn required(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        let required = match self {
            Self::Public => None,
            Self::Jwt { require, .. } => Some(require),
        };
        required.into_iter().flatten()
    }

    /// Who may use the route, as the policy crate decides it.
    pub fn access(&self) -> Access {
        match self {
            Self::Public => Access::Public,
            // Nobody who shows nothing has what is required.
            Self::Jwt { optional, require, .. } if *optional && require.is_empty() => Access::Optional,
            Self::Jwt { .. } => Access::Required,
        }
    }
}

/// The long form: a token of an issuer.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = nothing_required)]
pub(crate) struct Token {
    /// Name in `jwt`, or a list of names: the token's `iss` tells which of them is to judge it. A route may have it from
    /// `defaults`.
    #[serde(deserialize_with = "crate::de::names", serialize_with = "crate::de::one_or_more")]
    #[schemars(with = "crate::schema::Names")]
    pub(crate) jwt: Vec<String>,
    /// Whether anonymous callers pass too. A token that is sent must be good all the same. Not beside `require`.
    #[serde(default)]
    pub(crate) optional: bool,
    /// Claims a token must have, each with one of these values: `{ role: [admin, editor] }`. Of a list it is enough that one
    /// element has it, of a `scope` one word. A dot leads into an object: `realm_access.roles`. Others get 403 `FORBIDDEN`.
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
                names,
                optional,
                require,
            } => Token {
                jwt: names,
                optional,
                require,
            }
            .serialize(serializer),
        }
    }
}
