//! Finds `@name` in a text.

/// Names looked up for one text; more are left out, so that a text cannot ring everybody's bell.
pub const MAX_MENTIONS: usize = 20;
/// Longest name taken for one, in bytes.
const MAX_NAME: usize = 64;

/// The names mentioned in `text`, each once, in order of appearance.
///
/// A name is made of ASCII letters, digits, `_` and `.`, and follows an `@` that does not stand inside a word, so that
/// e-mail addresses are none. A dot that ends the name belongs to the sentence.
pub fn mentioned(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (at, _) in text.match_indices('@') {
        if text[..at]
            .chars()
            .next_back()
            .is_some_and(|before| is_name(before) || before.is_alphanumeric() || before == '@')
        {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        if !name.is_empty() && name.len() <= MAX_NAME && !names.contains(&name) {
            names.push(name);
        }
        if names.len() == MAX_MENTIONS {
            break;
        }
    }
    names
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_and_nothing_else() {
        let cases: &[(&str, &[&str])] = &[
            ("@bob hello", &["bob"]),
            ("hi @bob, @ann_1 and (@b.c).", &["bob", "ann_1", "b.c"]),
            ("thanks @bob.", &["bob"]),
            ("@bob @bob @Bob", &["bob", "Bob"]),
            ("mail bob@example.org, é@x", &[]),
            ("@ @. @@bob @-", &[]),
            ("日本@bob 日本 @bob日本", &["bob"]),
        ];
        for (text, names) in cases {
            assert_eq!(&mentioned(text), names, "{text}");
        }
    }

    #[test]
    fn is_bounded() {
        let many: String = (0..1_000).map(|i| format!("@user{i} ")).collect();
        assert_eq!(mentioned(&many).len(), MAX_MENTIONS);
        assert!(mentioned(&format!("@{}", "a".repeat(65))).is_empty());
    }
}
