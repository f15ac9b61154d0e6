//! `Vary`: which request fields part the answers of one address (RFC 9111, section 4.1).

use super::{frame, is_credential};
use http::{HeaderMap, HeaderName, header};

/// The fields that an answer names, each once and in order; `None` where it varies by what no field says, or by what is no field.
///
/// `Accept-Encoding` is none of them: services are asked for the plain form. Nor is what tells who asks: the key has it.
pub fn named(answer: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut names = Vec::new();
    for line in answer.get_all(header::VARY) {
        for name in line.as_bytes().split(|byte| *byte == b',') {
            let name = name.trim_ascii();
            match HeaderName::from_bytes(name) {
                _ if name.is_empty() => {}
                _ if name == b"*" => return None,
                Ok(name) => names.push(name),
                Err(_) => return None,
            }
        }
    }
    names.retain(|name| *name != header::ACCEPT_ENCODING && !is_credential(name));
    names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    Some(names)
}

/// What a request says by these fields, as bytes that no other request makes; `None` where there is no field.
pub fn variance<'n>(names: impl IntoIterator<Item = &'n HeaderName>, request: &HeaderMap) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for name in names {
        frame(&mut bytes, name.as_str().as_bytes());
        // Where a list is split into lines means nothing.
        let lines = request.get_all(name).iter().map(|value| value.as_bytes().trim_ascii());
        let lines: Vec<&[u8]> = lines.collect();
        // An empty field is not the same as none.
        bytes.push(u8::from(!lines.is_empty()));
        frame(&mut bytes, &lines.join(&b", "[..]));
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn names_are_found_once_and_in_order() {
        let answer = map(&[
            ("vary", "Origin, accept-encoding,,"),
            ("vary", "Accept-Language, origin, Cookie"),
        ]);
        assert_eq!(named(&answer).unwrap(), ["accept-language", "origin"]);
        assert_eq!(named(&map(&[])).unwrap(), [""; 0]);
        assert!(named(&map(&[("vary", "origin, *")])).is_none());
        assert!(named(&map(&[("vary", "a b")])).is_none());
    }

    #[test]
    fn requests_differ_by_what_the_fields_say() {
        let names = ["accept-language", "origin"].map(HeaderName::from_static);
        let of = |fields: &[(&'static str, &str)]| variance(&names, &map(fields)).unwrap();
        assert_eq!(of(&[("origin", " a "), ("x", "1")]), of(&[("x", "2"), ("origin", "a")]));
        assert_eq!(of(&[("origin", "a"), ("origin", "b")]), of(&[("origin", "a, b")]));
        assert_ne!(of(&[("origin", "a")]), of(&[("accept-language", "a")]));
        assert_ne!(of(&[("origin", "")]), of(&[]));
        assert_eq!(variance(&[], &map(&[("origin", "a")])), None);
    }
}
