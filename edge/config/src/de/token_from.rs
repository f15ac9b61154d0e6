//! `token_from: [{ cookie: <name> }, { bearer: true }, { query: <name> }]`.

use edge_policy::identity::TokenSource;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Where a token may sit: exactly one of these.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Source {
    /// The cookie of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<String>,
    /// `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<bool>,
    /// The query parameter of this name, on upgrades and streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TokenSource>, D::Error> {
    struct One(TokenSource);

    impl<'de> Deserialize<'de> for One {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match Source::deserialize(deserializer)? {
                Source {
                    cookie: Some(name),
                    bearer: None,
                    query: None,
                } if !name.is_empty() => Ok(Self(TokenSource::Cookie(name))),
                Source {
                    cookie: None,
                    bearer: Some(true),
                    query: None,
                } => Ok(Self(TokenSource::Bearer)),
                Source {
                    cookie: None,
                    bearer: None,
                    query: Some(name),
                } if !name.is_empty() => Ok(Self(TokenSource::Query(name))),
                _ => Err(de::Error::custom(
                    "a source is one thing; write each as `{ cookie: <name> }`, `{ bearer: true }` or `{ query: <name> }`",
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
            ..Source::default()
        },
        TokenSource::Bearer => Source {
            bearer: Some(true),
            ..Source::default()
        },
        TokenSource::Query(name) => Source {
            query: Some(name.clone()),
            ..Source::default()
        },
    };
    serializer.collect_seq(sources.iter().map(one))
}
