//! Tokens in a target's query: for streams and sockets, whose clients in browsers can set no header.

use percent_encoding::percent_decode_str;

/// The first non-empty value of the parameter `name`, as it was sent. Tokens need no escapes.
pub(super) fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut parameters = query
        .split('&')
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
    let found = parameters.find(|(key, value)| !value.is_empty() && is(key, name));
    found.map(|(_, value)| value)
}

/// The query without the parameters called one of `names`, however they are spelled; `None` where there are none, and what
/// came may go on as it is.
pub fn without<'n>(query: &str, names: &(impl Iterator<Item = &'n str> + Clone)) -> Option<String> {
    let is_hidden = |parameter: &&str| {
        let key = parameter.split_once('=').map_or(*parameter, |(key, _)| key);
        names.clone().any(|name| is(key, name))
    };
    query.split('&').any(|parameter| is_hidden(&parameter)).then(|| {
        let rest: Vec<&str> = query.split('&').filter(|parameter| !is_hidden(parameter)).collect();
        rest.join("&")
    })
}

/// A target with `mask` for the values of the parameters called one of `names`: fit to be shown.
pub fn masked<'n>(target: &str, names: &(impl Iterator<Item = &'n str> + Clone), mask: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let shown = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((key, _)) if names.clone().any(|name| is(key, name)) => format!("{key}={mask}"),
        _ => parameter.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

fn is(key: &str, name: &str) -> bool {
    percent_decode_str(key).eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_and_hidden_however_its_name_is_spelled() {
        let hidden = |query| without(query, &["access_token", "t"].into_iter());
        for (query, found, rest) in [
            ("access_token=x", Some("x"), Some("")),
            ("EIO=4&access%5Ftoken=x&a=b", Some("x"), Some("EIO=4&a=b")),
            ("access_token=&access_token=y&access_token=z", Some("y"), Some("")),
            ("a&access_token&b=", None, Some("a&b=")),
            ("access_token=a=b", Some("a=b"), Some("")),
            ("t=1&a=%26t=1", None, Some("a=%26t=1")),
            ("xaccess_token=1&ACCESS_TOKEN=2", None, None),
            ("", None, None),
        ] {
            assert_eq!(value(query, "access_token"), found, "{query}");
            assert_eq!(hidden(query).as_deref(), rest, "{query}");
        }
        let shown = |target| masked(target, &["access_token"].into_iter(), "***");
        assert_eq!(
            shown("/a?b=1&access%5Ftoken=x&access_token=y=z"),
            "/a?b=1&access%5Ftoken=***&access_token=***"
        );
        assert_eq!(
            (shown("/a"), shown("/a?access_token")),
            ("/a".into(), "/a?access_token".into())
        );
    }
}
