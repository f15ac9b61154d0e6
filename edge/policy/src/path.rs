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
    /// `%` without two hex digits, or the code of a slash, a backslash, a control character or `;`; or codes that are no
    /// UTF-8, an overlong dot, say, which servers decode each in their own way.
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
    if coded_bytes(&out).is_some_and(|bytes| std::str::from_utf8(&bytes).is_err()) {
        return Err(PathError::Escape);
    }
    Ok(if out == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(out)
    })
}

/// The path with its escapes decoded, if there are any beyond ASCII.
fn coded_bytes(path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut is_beyond = false;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        is_beyond |= !code.is_ascii();
        bytes.push(code);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    is_beyond.then_some(bytes)
}

/// Refuses what a query may not hold and servers read differently: a fragment, and what is not visible ASCII. All else is
/// the service's own matter.
///
/// # Errors
/// [`PathError::Character`].
pub fn check_query(query: &str) -> Result<(), PathError> {
    let is_good = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if query.bytes().all(is_good) {
        Ok(())
    } else {
        Err(PathError::Character)
    }
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
            ("/a%c0%ae", PathError::Escape),
            ("/a%ff", PathError::Escape),
            ("/a%e2%82", PathError::Escape),
            ("/a%ed%a0%80", PathError::Escape),
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

    /// A server that means well.
    mod lenient {
        pub(super) fn decode(path: &str) -> Vec<u8> {
            let mut out = Vec::new();
            let mut bytes = path.bytes();
            while let Some(byte) = bytes.next() {
                let code = [bytes.clone().next(), bytes.clone().nth(1)];
                let digits = code.map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                match digits {
                    [Some(high), Some(low)] if byte == b'%' => {
                        out.push((high << 4 | low) as u8);
                        bytes.nth(1);
                    }
                    _ => out.push(byte),
                }
            }
            out
        }

        pub(super) fn resolve(path: &[u8]) -> Vec<u8> {
            let mut segments: Vec<&[u8]> = Vec::new();
            let all: Vec<&[u8]> = path[1..].split(|byte| b"/\\".contains(byte)).collect();
            for (index, segment) in all.iter().enumerate() {
                let segment = segment.split(|byte| *byte == b';').next().unwrap_or_default();
                match segment {
                    b"." => {}
                    b".." => drop(segments.pop()),
                    b"" if index + 1 < all.len() => {}
                    segment => segments.push(segment),
                }
            }
            [&b"/"[..], &segments.join(&b'/')].concat()
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

        /// Law: a service that decodes once more, takes backslashes for slashes, cuts parameters off, joins slashes and
        /// resolves dots gets to the same place, so that no spelling leads around a route's auth.
        #[test]
        fn a_lenient_service_reads_the_same(path in "/([a-c./;\\\\]|%[0-9a-fA-F]{2}|%2[eEfF5]|%5[cC]|%c0%a[ef]){0,12}") {
            if let Ok(normal) = normalise(&path) {
                let decoded = lenient::decode(&normal);
                prop_assert_eq!(lenient::resolve(&decoded), decoded.as_slice());
            }
        }

        #[test]
        fn never_panics(path in "\\PC{0,30}") {
            let _ = normalise(&path);
        }
    }
}
