//! `token_from: [{ cookie: <name> }, { bearer: true }]`.

use edge_policy::identity::TokenSource;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Where a token may sit: exactly one of the two.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Source {
    /// The cookie of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<String>,
    /// `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<bool>,
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TokenSource>, D::Error> {
    struct One(TokenSource);

    impl<'de> Deserialize<'de> for One {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match Source::deserialize(deserializer)? {
                Source {
                    cookie: Some(name),
                    bearer: None,
                } if !name.is_empty() => Ok(Self(TokenSource::Cookie(name))),
                Source {
                    cookie: None,
                    bearer: Some(true),
                } => Ok(Self(TokenSource::Bearer)),
                _ => Err(de::Error::custom(
                    "a source is one thing; write each as `{ cookie: <name> }` or `{ bearer: true }`",
                )),
            }
        }
    }

    let sources = Vec::<One>::deserialize(deserializer)?;
    Ok(sources.into_iter().map(|one| one.0).collect())
}

pub(crate) fn serialize<S: Serializer>(sources: &[TokenSource], serializer: S) -> Result<S::Ok, S::Error> {
    let one = |source: &TokenSource| match source {
        TokenSource::Cookie(name) => Source {
            cookie: Some(name.clone()),
            bearer: None,
        },
        TokenSource::Bearer => Source {
            cookie: None,
            bearer: Some(true),
        },
    };
    serializer.collect_seq(sources.iter().map(one))
}
