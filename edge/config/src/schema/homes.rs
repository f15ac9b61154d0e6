//! Where a key belongs that stands in the wrong place.

use super::{schema, sections::Sections};

/// What to say of `key`, which the map at `path` does not know: that it belongs further down, or elsewhere. Nothing if no map
/// knows it.
pub(crate) fn home(key: &str, path: &[&str]) -> Option<String> {
    let (_, sections) = Sections::of(&schema());
    let known = sections.iter().filter(|section| section.properties().any(|(name, _)| name == key));
    let mut homes: Vec<&[String]> = known.map(|section| section.path.as_slice()).collect();
    if let Some(home) = homes.iter().find(|home| home.len() > path.len() && fits(&home[..path.len()], path)) {
        let inner = shown(&home[path.len()..]);
        return Some(format!("it belongs into `{inner}`, below"));
    }
    // The nearest in the file: what has most of the way in common.
    homes.sort_by_key(|home| home.len());
    let common = |home: &[String]| (0..=home.len().min(path.len())).rev().find(|n| fits(&home[..*n], &path[..*n])).unwrap_or(0);
    let home = homes.into_iter().max_by_key(|home| common(home))?;
    Some(match shown(home).as_str() {
        "" => "it belongs to the root of the file: take its indentation away".to_owned(),
        home => format!("it is a key of `{home}`"),
    })
}

fn fits(home: &[String], path: &[&str]) -> bool {
    let is_index = |key: &str| key.bytes().all(|b| b.is_ascii_digit());
    home.iter().zip(path).all(|(home, key)| home == key || home == "<name>" || (home == "[]" && is_index(key)))
}

fn shown(path: &[String]) -> String {
    path.join(".").replace(".[]", "[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_home() {
        let told = |key: &str, path: &[&str]| home(key, path).unwrap_or_default();
        assert_eq!(told("path", &["routes", "a"]), "it belongs into `match`, below");
        assert_eq!(told("connect", &["defaults"]), "it belongs into `timeouts`, below");
        assert_eq!(told("max_body", &["routes", "a", "match"]), "it is a key of `routes.<name>`");
        assert_eq!(told("routes", &["upstreams", "a"]), "it belongs to the root of the file: take its indentation away");
        assert_eq!(told("nonsense", &["routes", "a"]), "");
    }
}
