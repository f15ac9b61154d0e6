//! What the platform consists of, by name: six programs and three stores.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use shared_stack::{Error, Store};

/// One of the six programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Program {
    Edge,
    Auth,
    Posts,
    Media,
    Comments,
    Notifications,
}

impl Program {
    pub(crate) const ALL: [Self; 6] = [
        Self::Edge,
        Self::Auth,
        Self::Posts,
        Self::Media,
        Self::Comments,
        Self::Notifications,
    ];
    pub(crate) const SERVICES: [Self; 5] = [
        Self::Auth,
        Self::Posts,
        Self::Media,
        Self::Comments,
        Self::Notifications,
    ];

    /// Its name on the command line; also the name of its binary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Auth => "auth",
            Self::Posts => "posts",
            Self::Media => "media",
            Self::Comments => "comments",
            Self::Notifications => "notifications",
        }
    }

    /// `AUTH`, as in the names of variables.
    pub(crate) fn upper(self) -> String {
        self.name().to_ascii_uppercase()
    }

    /// The cargo package that holds it.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Edge => "edge-gateway",
            service => service.name(),
        }
    }

    /// The port of its first instance; each further one is 100 higher.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Edge => 8080,
            Self::Auth => 3001,
            Self::Posts => 3002,
            Self::Media => 3003,
            Self::Comments => 3004,
            Self::Notifications => 3005,
        }
    }

    /// Its database.
    pub(crate) fn database(self) -> Option<&'static str> {
        match self {
            Self::Edge => None,
            Self::Auth => Some("auth_db"),
            Self::Posts => Some("post_db"),
            Self::Media => Some("media_db"),
            Self::Comments => Some("comment_db"),
            Self::Notifications => Some("notification_db"),
        }
    }

    /// Where it says that it can serve.
    pub(crate) fn readiness(self) -> &'static str {
        match self {
            Self::Edge => "/health",
            _ => "/health/ready",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A program or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Program(Program),
    Store(Store),
}

impl Part {
    fn all() -> impl Iterator<Item = Self> {
        Program::ALL
            .into_iter()
            .map(Self::Program)
            .chain(Store::ALL.into_iter().map(Self::Store))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Program(program) => program.name(),
            Self::Store(store) => store.name(),
        }
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::all().find(|part| part.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            unknown("program or store", text, &names)
        })
    }
}

/// `NAME` or `NAME.N`: every instance, or the one with that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) part: Part,
    pub(crate) instance: Option<u32>,
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some((name, number)) = text.split_once('.') else {
            return Ok(Self {
                part: text.parse()?,
                instance: None,
            });
        };
        let part: Part = name.parse()?;
        let instance = number.parse().ok().filter(|n| *n >= 1);
        let Some(instance) = instance else {
            return Err(Error::new(format!("`{text}`: the instance must be a number from 1")));
        };
        if matches!(part, Part::Store(_)) {
            return Err(Error::new(format!("`{text}`: {name} has no instances")).cure(format!("write `{name}`")));
        }
        Ok(Self {
            part,
            instance: Some(instance),
        })
    }
}

/// "unknown command `statsu`; did you mean `status`?"
pub(crate) fn unknown(kind: &str, text: &str, known: &[&str]) -> Error {
    let begins = |name: &&&str| text.len() >= 3 && name.starts_with(text);
    let near = || {
        known
            .iter()
            .filter(|name| distance(text, name) <= 2)
            .min_by_key(|name| distance(text, name))
    };
    match known.iter().find(begins).or_else(near) {
        Some(name) => Error::new(format!("unknown {kind} `{text}`; did you mean `{name}`?")),
        None => Error::new(format!("unknown {kind} `{text}`; there are: {}", known.join(" "))),
    }
}

/// Edit distance (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_name_a_part_and_maybe_an_instance() {
        let posts = Part::Program(Program::Posts);
        assert_eq!(
            "posts".parse::<Target>().unwrap(),
            Target {
                part: posts,
                instance: None
            }
        );
        assert_eq!(
            "posts.2".parse::<Target>().unwrap(),
            Target {
                part: posts,
                instance: Some(2)
            }
        );
        assert_eq!("redis".parse::<Target>().unwrap().part, Part::Store(Store::Redis));
        assert!("posts.0".parse::<Target>().is_err());
        assert!("posts.x".parse::<Target>().is_err());
        assert!(
            "redis.1"
                .parse::<Target>()
                .unwrap_err()
                .to_string()
                .contains("no instances")
        );
    }

    #[test]
    fn a_mistyped_name_gets_a_suggestion() {
        let said = |text: &str| text.parse::<Target>().unwrap_err().to_string();
        assert!(said("post").ends_with("did you mean `posts`?"));
        assert!(said("comment.2").ends_with("did you mean `comments`?"));
        assert!(said("notif").ends_with("did you mean `notifications`?"));
        assert!(said("mysql").contains("there are: edge auth"));
    }
}
