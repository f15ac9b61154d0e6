//! What is said about a mistake: what is wrong, and the cure.

/// Longest value that is quoted whole, in characters.
const LONGEST_QUOTE: usize = 120;

/// A message and its help. From one text the help is what follows the first `; ` outside of back-ticks:
/// ``"`15` has no unit; write `15s` or `15ms`"``. Quoted values are shortened, and what cannot be seen is escaped, so that a
/// diagnostic is one line whatever the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What is wrong.
    pub message: String,
    /// How to put it right; empty where nothing more can be said.
    pub help: String,
}

impl Words {
    /// The same, with a text before the message.
    pub(crate) fn after(mut self, text: &str) -> Self {
        self.message.insert_str(0, text);
        self
    }
}

/// Whether a character cannot be seen, or looks like a plain space and is none.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
    )
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        let mut words = [String::new(), String::new()];
        let (mut part, mut quoted, mut length) = (0, false, 0usize);
        let mut rest = text.char_indices();
        while let Some((index, c)) = rest.next() {
            if c == '`' {
                (quoted, length) = (!quoted, 0);
            } else if quoted {
                length += 1;
                if length > LONGEST_QUOTE {
                    if length == LONGEST_QUOTE + 1 {
                        words[part].push('…');
                    }
                    continue;
                }
            } else if part == 0 && text[index..].starts_with("; ") {
                part = 1;
                rest.next();
                continue;
            }
            if c.is_control() || is_unseen(c) {
                words[part].extend(c.escape_default());
            } else {
                words[part].push(c);
            }
        }
        let [message, help] = words;
        Self { message, help }
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Words {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cure_stands_behind_the_semicolon() {
        let words = |text: &str| {
            let Words { message, help } = text.into();
            (message, help)
        };
        assert_eq!(words("bad; do x; or y"), ("bad".into(), "do x; or y".into()));
        assert_eq!(words("`a; b` is bad; do x"), ("`a; b` is bad".into(), "do x".into()));
        assert_eq!(words("`a; b is bad"), ("`a; b is bad".into(), String::new()));
        assert_eq!(words("bad"), ("bad".into(), String::new()));
    }

    #[test]
    fn it_stays_one_short_line() {
        let words = Words::from(format!("`a\nb\u{1b}{}` is bad; do x", "é".repeat(5000)));
        assert!(words.message.starts_with("`a\\nb\\u{1b}é"), "{}", words.message);
        assert!(words.message.ends_with("é…` is bad"), "{}", words.message);
        assert!(words.message.chars().count() < 150);
        assert_eq!(words.help, "do x");
    }
}
