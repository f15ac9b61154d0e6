//! One spelling for a path, before anything is decided by it. What is routed is what the service sees.

use std::borrow::Cow;

/// Why a path is refused; the answer is `BAD_REQUEST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not an absolute path.
    #[error("the path does not begin with /")]
    NotAbsolute,
    /// A byte that RFC 3986 does not allow, a backslash, or a `;` (servers disagree about parameters).
    #[error("the path holds a character that is not allowed")]
    Character,
    /// `%` without two hex digits, or the code of a slash, a backslash, a control character or `;`.
    #[error("the path holds an escape that is not allowed")]
    Escape,
    /// An empty, `.` or `..` segment, however it is spelled: servers disagree about where it leads.
    #[error("the path holds an empty or a dot segment")]
    Segment,
}

/// The normal form (RFC 3986, section 6.2.2): escapes of unreserved characters decoded, the others in upper case. The
/// result is owned where it differs from the input; the caller then sends it on in place of the client's.
///
/// # Errors
/// See [`PathError`]. Nothing is repaired that two servers might repair differently.
pub fn normalise(path: &str) -> Result<Cow<'_, str>, PathError> {
    if !path.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    let path = if path.contains('%') {
        decode_unreserved(path)?
    } else {
        Cow::Borrowed(path)
    };
    if !path.bytes().all(is_allowed) {
        return Err(PathError::Character);
    }
    let segments = path[1..].split('/');
    let last = segments.clone().count() - 1;
    for (index, segment) in segments.enumerate() {
        // A trailing slash is no empty segment.
        if segment == "." || segment == ".." || (segment.is_empty() && index != last) {
            return Err(PathError::Segment);
        }
    }
    Ok(path)
}

/// `pchar` of RFC 3986 without `;`, and the slash. `%` is checked with its digits.
fn is_allowed(byte: u8) -> bool {
    ALLOWED[usize::from(byte)]
}

/// By byte: each byte of each path is looked up.
const ALLOWED: [bool; 256] = {
    let marks = b"-._~!$&'()*+,=:@/%";
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

fn decode_unreserved(path: &str) -> Result<Cow<'_, str>, PathError> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after
            .get(..2)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or(PathError::Escape)?;
        match code {
            b'/' | b'\\' | b';' | b'%' => return Err(PathError::Escape),
            code if code.is_ascii_control() => return Err(PathError::Escape),
            code if code.is_ascii_alphanumeric() || b"-._~".contains(&code) => out.push(char::from(code)),
            code => out.push_str(&format!("%{code:02X}")),
        }
        rest = &after[2..];
    }
    out.push_str(rest);
    Ok(if out == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(out)
    })
}

/// Whether `prefix` is the path itself or holds it at a segment's border: `/a` holds `/a` and `/a/b`, not `/ab`.
pub fn is_under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_what_is_plain() {
        for path in [
            "/",
            "/graphql",
            "/api/auth/",
            "/a/b.c/~x",
            "/a/%20",
            "/a:b@c",
            "/socket.io/",
        ] {
            assert!(
                matches!(normalise(path), Ok(Cow::Borrowed(same)) if same == path),
                "{path}"
            );
        }
        assert_eq!(normalise("/api/%61uth/%e2%82%ac").unwrap(), "/api/auth/%E2%82%AC");
    }

    #[test]
    fn refuses_what_servers_read_differently() {
        let cases = [
            ("", PathError::NotAbsolute),
            ("*", PathError::NotAbsolute),
            ("http://x/", PathError::NotAbsolute),
            ("//", PathError::Segment),
            ("/api//auth", PathError::Segment),
            ("/api/../internal", PathError::Segment),
            ("/api/%2e%2e/internal", PathError::Segment),
            ("/api/.%2E/internal", PathError::Segment),
            ("/a/.", PathError::Segment),
            ("/api%2finternal", PathError::Escape),
            ("/api%5Cinternal", PathError::Escape),
            ("/a%00", PathError::Escape),
            ("/a%0d%0a", PathError::Escape),
            ("/a%7F", PathError::Escape),
            ("/a%", PathError::Escape),
            ("/a%2", PathError::Escape),
            ("/a%zz", PathError::Escape),
            ("/a%+1", PathError::Escape),
            ("/a%252e", PathError::Escape),
            ("/a%3bb", PathError::Escape),
            ("/a;b", PathError::Character),
            ("/a\\b", PathError::Character),
            ("/a b", PathError::Character),
            ("/ä", PathError::Character),
            ("/a%ä", PathError::Escape),
            ("/a\u{1}", PathError::Character),
            ("/a?b", PathError::Character),
            ("/a#b", PathError::Character),
        ];
        for (path, error) in cases {
            assert_eq!(normalise(path), Err(error), "{path:?}");
        }
    }

    #[test]
    fn prefixes_end_at_segments() {
        assert!(is_under("/api/media", "/api/media"));
        assert!(is_under("/api/media/x", "/api/media"));
        assert!(is_under("/api/media/x", "/api/media/"));
        assert!(!is_under("/api/mediax", "/api/media"));
        assert!(is_under("/anything", "/"));
    }

    proptest! {
        /// Laws: normalising twice changes nothing, and no normal form has a dot segment, however it was spelled.
        #[test]
        fn is_idempotent(path in "/([a-c./;\\\\]|%[0-9a-fA-F]{2}|%2[eEfF]){0,12}") {
            if let Ok(once) = normalise(&path) {
                let twice = normalise(&once).unwrap();
                prop_assert_eq!(&twice, &once);
                prop_assert!(!once.split('/').any(|s| s == "." || s == ".."));
                prop_assert!(!once.contains("//"));
            }
        }

        #[test]
        fn never_panics(path in "\\PC{0,30}") {
            let _ = normalise(&path);
        }
    }
}
