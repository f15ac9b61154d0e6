//! `system`: what the load goes to.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, path::PathBuf};

/// What is started for a run, or that nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// The whole platform: edge, services and stores.
    Platform(Platform),
    /// Origins, and an edge before them.
    Origin(Origin),
    /// What is up already: it runs only with a target.
    External,
}

/// `system.platform`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    /// What its databases are filled with.
    pub data: PlatformData,
    /// The edge's configuration, beside the scenario; the shipped one, made fit for load from one machine, unless told.
    pub edge: Option<PathBuf>,
}

/// `system.platform.data`: rows of the tables that templates take from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlatformData {
    /// Users: `users.id`, `.username`, `.email`, `.password`.
    pub users: u32,
    /// Posts, the most popular first: `posts.id`.
    pub posts: u32,
    /// Comments on them.
    pub comments: u32,
    /// Likes of them.
    pub likes: u32,
    /// How many of the users are signed in beforehand: `sessions.user`, `.token`.
    pub sessions: u32,
}

/// `system.origin`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// How many: `origin-1`, `origin-2`, …
    #[serde(default = "one")]
    pub instances: u32,
    /// The edge's configuration, beside the scenario. It finds the origins as `${ORIGIN_TARGETS}`.
    pub edge: PathBuf,
    /// Whether the edge has a Redis, as `${REDIS_URL}`: quotas need one.
    #[serde(default)]
    pub redis: bool,
    /// Who may come.
    #[serde(default)]
    pub data: OriginData,
}

fn one() -> u32 {
    1
}

/// `system.origin.data`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OriginData {
    /// Tokens that the origins' key set vouches for: `sessions.user`, `.token`.
    pub sessions: u32,
}

/// A table that a system has, and its columns.
pub(crate) struct KnownTable {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: u32,
    /// Where its size is given.
    pub(crate) key: &'static str,
}

/// Columns of `users`, in the order of [`Table::push`](crate::journey::data::Table::push).
pub const USERS: [&str; 4] = ["id", "username", "email", "password"];
/// Columns of `posts`.
pub const POSTS: [&str; 1] = ["id"];
/// Columns of `sessions`.
pub const SESSIONS: [&str; 2] = ["user", "token"];

impl System {
    /// Its tables; `None` where nobody can know them.
    pub(crate) fn tables(&self) -> Option<Vec<KnownTable>> {
        let table = |name, columns, rows, key| KnownTable {
            name,
            columns,
            rows,
            key,
        };
        match self {
            Self::Platform(Platform { data, .. }) => Some(vec![
                table("users", &USERS[..], data.users, "system.platform.data.users"),
                table("posts", &POSTS[..], data.posts, "system.platform.data.posts"),
                table(
                    "sessions",
                    &SESSIONS[..],
                    data.sessions,
                    "system.platform.data.sessions",
                ),
            ]),
            Self::Origin(Origin { data, .. }) => Some(vec![table(
                "sessions",
                &SESSIONS[..],
                data.sessions,
                "system.origin.data.sessions",
            )]),
            Self::External => None,
        }
    }

    /// The edge's configuration, where it has one of its own.
    pub fn edge(&self) -> Option<&PathBuf> {
        match self {
            Self::Platform(platform) => platform.edge.as_ref(),
            Self::Origin(origin) => Some(&origin.edge),
            Self::External => None,
        }
    }

    pub(super) fn edge_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Platform(platform) => platform.edge.as_mut(),
            Self::Origin(origin) => Some(&mut origin.edge),
            Self::External => None,
        }
    }
}

impl<'de> Deserialize<'de> for System {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Either {
            platform: Option<Platform>,
            origin: Option<Origin>,
        }

        struct SystemVisitor;

        impl<'de> de::Visitor<'de> for SystemVisitor {
            type Value = System;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`{ platform: … }`, `{ origin: … }` or `external`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<System, E> {
                match text {
                    "external" => Ok(System::External),
                    _ => Err(E::unknown_variant(text, &["external"])),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<System, A::Error> {
                match Either::deserialize(de::value::MapAccessDeserializer::new(map))? {
                    Either {
                        platform: Some(platform),
                        origin: None,
                    } => Ok(System::Platform(platform)),
                    Either {
                        platform: None,
                        origin: Some(origin),
                    } => Ok(System::Origin(origin)),
                    _ => Err(de::Error::custom(
                        "write one of `{ platform: {} }`, `{ origin: … }` and `external`",
                    )),
                }
            }
        }

        deserializer.deserialize_any(SystemVisitor)
    }
}
