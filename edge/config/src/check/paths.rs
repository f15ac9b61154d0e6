//! Paths, and what is often written in their place.

use edge_policy::path::normalise;

/// A path in normal form; nothing in it stands for something else.
pub(super) fn plain(text: &str) -> Result<(), String> {
    url(text)?;
    match normalise(text) {
        Ok(normal) if normal == text => Ok(()),
        Ok(normal) => Err(format!("`{text}` is not in normal form; write `{normal}`")),
        Err(error) => Err(format!("`{text}`: {error}; {}", cure(text))),
    }
}

/// Whole URLs are none.
fn url(text: &str) -> Result<(), String> {
    let Some((_, rest)) = text.split_once("://") else {
        return Ok(());
    };
    let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
    Err(format!("`{text}` is a whole URL; write its path alone, `{path}`"))
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
    url(text)?;
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
    if let Some((wrong, name)) = text.split('/').find_map(parameter) {
        return Err(format!("`{wrong}` is no parameter here; write `{{{name}}}`"));
    }
    if let Some((before, last)) = text.rsplit_once('/')
        && last.starts_with('{')
        && ["{*", "...}", ":.*}", "*}", ":path}"]
            .iter()
            .any(|mark| last.starts_with(mark) || last.ends_with(mark))
    {
        let before = if before.is_empty() { "/" } else { before };
        return Err(format!(
            "`{last}` does not take the rest of a path; write `path_prefix: {before}`"
        ));
    }
    if text.split('/').any(|segment| matches!(segment, "*" | "**")) {
        return Err(format!(
            "`{text}`: `*` stands for nothing; write a template like `/users/{{id}}`, or `path_prefix`"
        ));
    }
    Ok(())
}

/// A parameter as others write it, and its name: `:id`, `<id>`, `<int:id>`.
pub(super) fn parameter(segment: &str) -> Option<(&str, &str)> {
    let angle = |segment: &'_ str| segment.starts_with('<') && segment.ends_with('>');
    let name = match segment.strip_prefix(':') {
        Some(name) => name,
        None if angle(segment) => segment[1..segment.len() - 1].rsplit(':').next()?,
        None => return None,
    };
    Some((segment, name))
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
        assert_eq!(told("https://h/x"), "write its path alone, `/x`");
        assert_eq!(told("https://h"), "write its path alone, `/`");
        assert!(plain("/a/b").is_ok());
    }

    #[test]
    fn foreign_patterns_are_told() {
        for bad in [
            "https://h/x",
            "/a/<id>",
            "/a/<int:id>",
            "/a/{*rest}",
            "/a/{rest...}",
            "/a/{rest:.*}",
            "/api/*",
            "/api/.*",
            "^/api",
            "~ ^/x",
            "/a/:id",
            "/a/*/b",
            r"/a/\d+",
            "/a$",
            "/(?<x>.)",
        ] {
            assert!(foreign(bad).is_err(), "{bad}");
        }
        for good in ["/", "/a/{id}", "/v1/things:batch", "/a+b", "/a/(b)"] {
            assert_eq!(foreign(good), Ok(()), "{good}");
        }
    }
}
