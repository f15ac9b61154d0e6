//! Paths, and what is often written in their place.

use edge_policy::path::normalise;

/// A path in normal form; nothing in it stands for something else.
pub(super) fn plain(text: &str) -> Result<(), String> {
    if text.contains("://") {
        return Err(format!("`{text}` is a whole URL; write its path alone, `/…`"));
    }
    match normalise(text) {
        Ok(normal) if normal == text => Ok(()),
        Ok(normal) => Err(format!("`{text}` is not in normal form; write `{normal}`")),
        Err(error) => Err(format!("`{text}`: {error}; {}", cure(text))),
    }
}

/// What was probably meant by a path that is none.
pub(super) fn cure(text: &str) -> String {
    if !text.starts_with('/') {
        return format!("write `/{text}`");
    }
    let segments = text.split('/').filter(|segment| !matches!(*segment, "" | "." | ".."));
    let slash = if text.ends_with('/') && text.len() > 1 { "/" } else { "" };
    let tidy = format!("/{}{slash}", segments.collect::<Vec<_>>().join("/"));
    match normalise(&tidy) {
        Ok(_) if tidy != text => format!("write `{tidy}`"),
        _ => "paths are of RFC 3986, without query and fragment".to_owned(),
    }
}

/// Ways to write a pattern that other proxies know and this one does not: told before they match nothing.
pub(super) fn foreign(text: &str) -> Result<(), String> {
    let stem = text.trim_end_matches('*').trim_end_matches('.').trim_end_matches('/');
    if text.ends_with('*') && stem.starts_with('/') && !stem.contains('*') {
        return Err(format!(
            "`{text}` would take that very path alone; write `path_prefix: {stem}`"
        ));
    }
    let expression = text.starts_with(['^', '~'])
        || text.ends_with('$')
        || [".*", "(?", "[^", "\\"].iter().any(|part| text.contains(part));
    if expression {
        return Err(format!(
            "`{text}` is a regular expression, and paths are none; write `path_prefix`, or a template like `/users/{{id}}`"
        ));
    }
    if let Some(parameter) = text.split('/').find_map(|segment| segment.strip_prefix(':')) {
        return Err(format!("`:{parameter}` is no parameter here; write `{{{parameter}}}`"));
    }
    if text.split('/').any(|segment| matches!(segment, "*" | "**")) {
        return Err(format!(
            "`{text}`: `*` stands for nothing; write a template like `/users/{{id}}`, or `path_prefix`"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cures_lead_to_paths() {
        let told = |text: &str| plain(text).unwrap_err().split_once("; ").unwrap().1.to_owned();
        assert_eq!(told("a"), "write `/a`");
        assert_eq!(told("/a//b/"), "write `/a/b/`");
        assert_eq!(told("/a/../b"), "write `/a/b`");
        assert_eq!(told("/%61"), "write `/a`");
        assert_eq!(told("https://h/x"), "write its path alone, `/…`");
        assert!(plain("/a/b").is_ok());
    }

    #[test]
    fn foreign_patterns_are_told() {
        for bad in [
            "/api/*", "/api/.*", "^/api", "~ ^/x", "/a/:id", "/a/*/b", r"/a/\d+", "/a$", "/(?<x>.)",
        ] {
            assert!(foreign(bad).is_err(), "{bad}");
        }
        for good in ["/", "/a/{id}", "/v1/things:batch", "/a+b", "/a/(b)"] {
            assert_eq!(foreign(good), Ok(()), "{good}");
        }
    }
}
