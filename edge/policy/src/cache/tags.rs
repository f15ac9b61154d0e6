//! What answers are purged by: their tags, and their addresses.

use super::frame;
use http::{HeaderMap, HeaderName};

/// Most tags of an answer that is kept.
pub const MOST_TAGS: usize = 64;

/// Comma between tags, as Cloudflare has it.
static CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
/// Space between tags, as Fastly has it.
static SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// The tags of an answer (`Cache-Tag`, `Surrogate-Key`); `None` where there are more than can be kept: an answer that could
/// not be purged by one of its tags is better not there.
pub fn tags(answer: &HeaderMap) -> Option<Vec<&[u8]>> {
    let commas = answer.get_all(&CACHE_TAG).iter();
    let commas = commas.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let spaces = answer.get_all(&SURROGATE_KEY).iter();
    let spaces = spaces.flat_map(|line| line.as_bytes().split(u8::is_ascii_whitespace));
    let mut tags: Vec<&[u8]> = commas.chain(spaces).map(<[u8]>::trim_ascii).collect();
    tags.retain(|tag| !tag.is_empty());
    (tags.len() <= MOST_TAGS).then_some(tags)
}

/// The bytes of a tag. Tags have no case.
pub fn tag(name: &[u8]) -> Vec<u8> {
    marked(b't', &[&name.to_ascii_lowercase()])
}

/// The bytes that stand for an address under one host: path and query, in normal form.
pub fn page(host: &[u8], path: &[u8]) -> Vec<u8> {
    marked(b'u', &[&host.to_ascii_lowercase(), path])
}

/// The bytes that stand for an address under any host.
pub fn path(path: &[u8]) -> Vec<u8> {
    marked(b'p', &[path])
}

fn marked(mark: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![mark];
    for part in parts {
        frame(&mut bytes, part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_from_both_fields() {
        let mut answer = HeaderMap::new();
        answer.append("cache-tag", "a, b c ,".parse().unwrap());
        answer.append("surrogate-key", "d  e".parse().unwrap());
        assert_eq!(tags(&answer).unwrap(), [&b"a"[..], b"b c", b"d", b"e"]);
        answer.append("surrogate-key", "x ".repeat(MOST_TAGS).parse().unwrap());
        assert_eq!(tags(&answer), None);
        assert_eq!(tag(b"Post-1"), tag(b"post-1"));
        assert_ne!(tag(b"/a"), path(b"/a"));
        assert_ne!(page(b"a", b"b/c"), page(b"ab", b"/c"));
    }
}
