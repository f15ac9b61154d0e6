//! Where a key belongs that stands in the wrong place.

use super::{schema, sections::Sections};

/// Where a key belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// What to say.
    pub(crate) words: String,
    /// The key of the same map that holds the one it belongs to, if it belongs further down.
    pub(crate) below: Option<String>,
}

/// Where `key` belongs, which the map at `path` does not know: further down, or further up. `None` if neither.
pub(crate) fn home(key: &str, path: &[&str]) -> Option<Home> {
    let (_, sections) = Sections::of(&schema());
    let known = sections
        .iter()
        .filter(|section| section.properties().any(|(name, _)| name == key));
    let homes: Vec<&[String]> = known.map(|section| section.path.as_slice()).collect();
    let below = homes
        .iter()
        .filter(|home| home.len() > path.len() && fits(&home[..path.len()], path));
    if let Some(home) = below.min_by_key(|home| home.len()) {
        let inner = &home[path.len()..];
        return Some(Home {
            words: format!("it belongs into `{}`, below", shown(inner)),
            below: inner.first().cloned(),
        });
    }
    let above = homes
        .iter()
        .filter(|home| home.len() < path.len() && fits(home, &path[..home.len()]));
    let words = match shown(above.max_by_key(|home| home.len())?).as_str() {
        "" => "it belongs to the root of the file: take its indentation away".to_owned(),
        home => format!("it is a key of `{home}`: indent it less"),
    };
    Some(Home { words, below: None })
}

/// The map, an entry of a section of names, that has this key: `routes.<name>`.
pub(crate) fn owner(section: &str, key: &str) -> Option<String> {
    let (_, sections) = Sections::of(&schema());
    let entry = sections.iter().find(|one| one.path == [section, "<name>"])?;
    let known = entry.properties().any(|(name, _)| name == key);
    known.then(|| shown(&entry.path))
}

pub(super) fn fits(home: &[String], path: &[&str]) -> bool {
    let is_index = |key: &str| key.bytes().all(|b| b.is_ascii_digit());
    home.iter()
        .zip(path)
        .all(|(home, key)| home == key || home == "<name>" || (home == "[]" && is_index(key)))
}

fn shown(path: &[String]) -> String {
    path.join(".").replace(".[]", "[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_home() {
        let told = |key: &str, path: &[&str]| home(key, path).map(|home| home.words).unwrap_or_default();
        assert_eq!(told("path", &["routes", "a"]), "it belongs into `match`, below");
        assert_eq!(told("connect", &["defaults"]), "it belongs into `timeouts`, below");
        assert_eq!(
            told("max_body", &["routes", "a", "match"]),
            "it is a key of `routes.<name>`: indent it less"
        );
        assert_eq!(
            told("routes", &["upstreams", "a"]),
            "it belongs to the root of the file: take its indentation away"
        );
        assert_eq!(told("nonsense", &["routes", "a"]), "");
        assert_eq!(told("dns", &["routes", "a"]), "", "elsewhere is no help");
    }
}
