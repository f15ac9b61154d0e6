//! What is looked at before a parser sees a file: that it is text, and no more of it than a configuration has.

use crate::diagnose::{At, Diagnostic, Words, code};
use std::{fs::File, io::Read, path::Path};

/// Largest file that is read, bytes: some 5,000 routes.
const LARGEST: usize = 1024 * 1024;

/// A file's text.
///
/// # Errors
/// It cannot be read, is too large, or is no UTF-8.
pub(crate) fn text_of(path: &Path) -> Result<String, Vec<Diagnostic>> {
    let refuse = |at, words: String| Err(vec![Diagnostic::new(code::SYNTAX, path, at, "", words)]);
    let mut bytes = Vec::new();
    // One byte more than allowed shows that there is more; a device that never ends is not waited for.
    let read = File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let name = path.display();
        return refuse(
            At::default(),
            format!("{name} cannot be read: {error}; check its name, and that this user may read it"),
        );
    }
    if is_wide(&bytes) {
        return refuse(At::START, "the file is UTF-16 or UTF-32; save it as UTF-8".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.as_bytes().len() > LARGEST => refuse(At::START, too_large()),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let at = At::after(&String::from_utf8_lossy(before));
            refuse(
                at,
                "the file is no UTF-8 text from here on; save it as UTF-8".to_owned(),
            )
        }
    }
}

/// UTF-16 or UTF-32, with a byte order mark or without: no file begins with a NUL, nor has one for its second character.
fn is_wide(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..])
}

fn too_large() -> String {
    let most = LARGEST / 1024;
    format!("the file has more than {most} KiB; that is hardly a configuration: check that it is the right file")
}

/// Refuses what no parser needs to see.
pub(super) fn guard(text: &str) -> Result<(), (At, Words)> {
    if text.len() > LARGEST {
        return Err((At::START, too_large().into()));
    }
    let mut odd = text.char_indices().filter(|(_, c)| c.is_control());
    // YAML ends a line at a carriage return alone too; editors do not agree, and nobody could be told which line is meant.
    let alone = |index: usize, c| c == '\r' && !text[index + 1..].starts_with('\n');
    if let Some((index, c)) = odd.find(|&(index, c)| alone(index, c) || !matches!(c, '\n' | '\r' | '\t')) {
        let words = match c {
            '\r' => "a line ends in a carriage return alone; save the file with line feeds (LF) or CR LF".to_owned(),
            _ => {
                let code = u32::from(c);
                format!("the file holds a control character (U+{code:04X}); is it a text? If so, take it out")
            }
        };
        return Err((At::after(&text[..index]), words.into()));
    }
    for (number, line) in text.lines().enumerate() {
        if ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark)) {
            let words = "a merge left its two sides here; choose one, and take out the lines that begin with `<<<<<<<`, \
                         `=======` and `>>>>>>>`";
            return Err((At::new(number + 1, 1), words.into()));
        }
        let indentation = line.split(|c: char| !c.is_whitespace()).next().unwrap_or_default();
        let rest = &line[indentation.len()..];
        if rest.is_empty() || rest.starts_with('#') {
            continue;
        }
        if let Some(odd) = indentation.chars().position(|c| c != ' ') {
            let what = match indentation.chars().nth(odd) {
                Some('\t') => "a tab".to_owned(),
                other => format!("a space of another kind (U+{:04X})", other.map_or(0, u32::from)),
            };
            let at = At::new(number + 1, odd + 1);
            let words = format!("{what} stands in the indentation; indent with plain spaces");
            return Err((at, words.into()));
        }
    }
    Ok(())
}
