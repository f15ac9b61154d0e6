//! Diagnostics for people at a terminal: the line, and a mark under what is wrong with it.

use super::{Diagnostic, code, is_unseen};
use std::fmt::Write as _;

/// Most characters of a line that are shown.
const WIDTH: usize = 100;
/// Those before the place.
const BEFORE: usize = 50;

impl Diagnostic {
    /// The diagnostic over several lines, with the line of `source`, the file's text, that it is about. Passwords in URLs are
    /// covered. Without a place only the message is shown.
    pub fn render(&self, source: &str) -> String {
        let kind = if self.is_error() { "error" } else { "warning" };
        let (line, column) = (self.at.line as usize, self.at.column as usize);
        let mut text = format!(
            "{kind}[{}] {}:{line}:{column}: {}\n",
            self.code,
            self.file.display(),
            self.message
        );
        let shown = line.checked_sub(1).and_then(|index| source.lines().nth(index));
        match shown {
            Some(shown) => {
                let (mut shown, indent, width) = crop(&cover(shown), column);
                if self.code == code::INLINE_SECRET {
                    let hide = |(index, c)| {
                        if (indent..indent + width).contains(&index) {
                            '*'
                        } else {
                            c
                        }
                    };
                    shown = shown.chars().enumerate().map(hide).collect();
                }
                let margin = " ".repeat(line.to_string().len());
                let marks = "^".repeat(width);
                // Writing to a text cannot fail.
                let _ = writeln!(text, " {line} | {shown}");
                let _ = writeln!(text, " {margin} | {}{marks} {}", " ".repeat(indent), self.help);
            }
            None if !self.help.is_empty() => {
                let _ = writeln!(text, "   = {}", self.help);
            }
            None => {}
        }
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

/// The part of a line around a column, with the column in it and how many characters are meant.
fn crop(line: &str, column: usize) -> (String, usize, usize) {
    // A tab, a control character or one without a width would move the mark.
    let plain = |c: char| if c.is_control() || is_unseen(c) { ' ' } else { c };
    let chars: Vec<char> = line.chars().map(plain).collect();
    let at = column.saturating_sub(1).min(chars.len());
    let width = width(&chars[at..]);
    let start = if chars.len() > WIDTH {
        at.saturating_sub(BEFORE)
    } else {
        0
    };
    let end = chars.len().min(start + WIDTH);
    let mut shown: String = chars[start..end].iter().collect();
    let mut indent = at - start;
    if start > 0 {
        shown.insert(0, '…');
        indent += 1;
    }
    if end < chars.len() {
        shown.push('…');
    }
    (shown, indent, width.min((start + WIDTH).saturating_sub(at)).max(1))
}

/// How many characters the value or key has that begins here.
fn width(rest: &[char]) -> usize {
    let end = match rest.first() {
        None => 0,
        Some(quote @ ('"' | '\'')) => rest
            .iter()
            .skip(1)
            .position(|c| c == quote)
            .map_or(rest.len(), |end| end + 2),
        Some('{' | '[') => 1,
        Some(_) => {
            let ends = |index: usize| match rest[index] {
                ',' | ']' | '}' => true,
                ':' | ' ' => rest.get(index + 1).is_none_or(|next| *next == ' ' || *next == '#'),
                _ => false,
            };
            (0..rest.len()).find(|index| ends(*index)).unwrap_or(rest.len())
        }
    };
    let text: String = rest[..end].iter().collect();
    text.trim_end().chars().count().max(1)
}

/// Covers what stands between `://` and `@` in every URL, and keeps the line's length.
fn cover(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}' | ']'))
            .unwrap_or(after.len());
        let url = &after[..end];
        match url.rfind('@') {
            Some(at) => {
                out.extend(url[..at].chars().map(|_| '*'));
                out.push_str(&url[at..]);
            }
            None => out.push_str(url),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::At;
    use std::path::Path;

    fn render(source: &str, line: u32, column: u32) -> String {
        let at = At { line, column };
        Diagnostic::new("E101", Path::new("e.yaml"), at, "x", "unknown key `x`; try `y`").render(source)
    }

    #[test]
    fn the_mark_stands_under_the_word() {
        let want = "error[E101] e.yaml:2:7: unknown key `x`\n 2 | a: { bcd: e }\n   |      ^^^ try `y`\n";
        assert_eq!(render("x\na: { bcd: e }\n", 2, 6).replace(":2:6:", ":2:7:"), want);
        assert!(render("a: \"b c\" # d", 1, 4).contains("\n   |    ^^^^^ try"));
        assert!(render("a: b c # d", 1, 4).contains("\n   |    ^^^ try"));
        assert!(render("", 7, 1).ends_with("\n   = try `y`\n"), "no such line");
        assert!(render("a", 1, 99).contains("a\n"), "no such column");
    }

    #[test]
    fn long_lines_are_cropped_and_passwords_covered() {
        let line = format!("{}x: \"redis://:p@ss@h/0\"{}", "é".repeat(300), "z".repeat(300));
        let shown = render(&line, 1, 301);
        assert!(
            !shown.contains("p@ss") && shown.contains("redis://*****@h/0"),
            "{shown}"
        );
        assert!(shown.lines().all(|line| line.chars().count() < 120), "{shown}");
        let secret = "set: { authorization: \"Bearer abc\" }";
        let told = Diagnostic::new("W407", Path::new("e"), At { line: 1, column: 23 }, "x", "a secret");
        assert!(!told.render(secret).contains("abc") && told.render(secret).contains("authorization: ****"));
        let (text, mark) = (shown.lines().nth(1).unwrap(), shown.lines().nth(2).unwrap());
        let column = mark.chars().position(|c| c == '^').unwrap();
        assert_eq!(text.chars().nth(column), Some('x'), "{shown}");
    }
}
