//! One value out of a query.

use http::Uri;

/// The value of `name`, not decoded: what this server is asked for are words and numbers.
pub(crate) fn text<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    uri.query()?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

/// The value of `name` as a number; `None` where it is none.
pub(crate) fn number(uri: &Uri, name: &str) -> Option<u64> {
    text(uri, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_whole_name() {
        let uri: Uri = "/x?an=1&n=2&flag".parse().unwrap();
        assert_eq!(number(&uri, "n"), Some(2));
        assert_eq!(text(&uri, "flag"), Some(""));
        assert_eq!(text(&uri, "a"), None);
        assert_eq!(number(&uri, "flag"), None);
    }
}
