//! What the parser finds wrong, in an operator's words.

use crate::diagnose::{At, Words, is_unseen};

/// What the parser says (a part of it), and what that means; the cure stands behind the semicolon.
const KNOWN: [(&str, &str); 26] = [
    (
        "tabs disallowed",
        "a tab stands in the indentation; indent with plain spaces",
    ),
    (
        "merge key",
        "merge keys (`<<`) are not understood; what routes share goes into `defaults`, which they inherit",
    ),
    (
        "recursion limit",
        "values are nested too deeply; a configuration's are not: close brackets where they end",
    ),
    (
        "Depth",
        "values are nested too deeply; a configuration's are not: close brackets where they end",
    ),
    (
        "budget breached",
        "there are more values than a configuration has; `*aliases` may multiply them: write them out",
    ),
    (
        "alias replay",
        "`*aliases` multiply to more values than a configuration has; write them out",
    ),
    (
        "alias references unknown anchor",
        "`*` begins an alias, and there is none of this name; put the value in quotes",
    ),
    (
        "anchor or alias",
        "`*` and `&` begin aliases and anchors; put a value that begins with one in quotes",
    ),
    ("unclosed bracket", "this bracket is never closed; close it"),
    (
        "mismatched bracket",
        "this bracket is closed by another kind, or never; close it",
    ),
    (
        "unclosed quote",
        "this quote is never closed; put the same kind of quote behind the value",
    ),
    (
        "trailing content",
        "something stands behind a closing quote; take it away, or look above for a quote without its partner",
    ),
    ("misplaced bracket", "this bracket closes nothing; take it out"),
    (
        "escape character",
        "in double quotes `\\` begins an escape; write `\\\\`, or use single quotes",
    ),
    (
        "hexadecimal number",
        "in double quotes `\\` begins an escape; write `\\\\`, or use single quotes",
    ),
    (
        "recursive references",
        "`*` names what it stands in; write the value out",
    ),
    (
        "tag",
        "words with `!` (tags) are not understood; write the value alone, a variable as `\"${NAME}\"`",
    ),
    (
        "flow mapping",
        "a `,` or the closing `}` is missing before this; add it",
    ),
    (
        "flow sequence",
        "a `,` or the closing `]` is missing before this; add it",
    ),
    (
        "did not find expected key",
        "the indentation does not fit the lines above; put the keys of one map into one column",
    ),
    (
        "simple key expected",
        "a key without its value; write `key: value`, with a space behind the colon",
    ),
    (
        "mapping values are not allowed",
        "a `: ` where no key can be; put the value in quotes, or begin a new line for the key",
    ),
    ("expected string scalar", "a key that is no word; write `key: value`"),
    ("null into string", "a key that is no word; write `key: value`"),
    (
        "<document start>",
        "this is not YAML; write `key: value` lines, and maps as `{ key: value }` or indented below",
    ),
    (
        "non-finite float",
        "not a number that anything could be set to; write a plain one",
    ),
];

/// Puts what the parser says into words. `at` is the place it names.
pub(super) fn explain(said: &str, text: &str, at: At) -> (At, Words) {
    let line = text
        .lines()
        .nth((at.line as usize).saturating_sub(1))
        .unwrap_or_default();
    let here = line.chars().nth((at.column as usize).saturating_sub(1));
    if let Some((at, words)) = unseen(line, at).or_else(|| foreign(line, at)) {
        return (at, words);
    }
    if said.contains("<document start>")
        && let Some(at) = indented_begin(text, at)
    {
        let words =
            "the file begins with an indented key, and goes on without; put the keys of one map into one column";
        return (at, words.into());
    }
    if said.contains("flow") && here == Some(',') {
        return (at, "there is nothing before this `,`; take it out".into());
    }
    if said.contains("multiple YAML documents") {
        return (
            second_document(text, at),
            "a second document begins here; a configuration is one: take the `---` out".into(),
        );
    }
    if said.contains("flow mapping") && here == Some('{') {
        let words = "`{` begins a map; put a value that holds one in quotes: `\"/users/{id}\"`, `\"${NAME}\"`";
        return (at, words.into());
    }
    if said.contains("unexpected character") {
        let c = here.map(String::from).unwrap_or_default();
        return (at, format!("a value cannot begin with `{c}`; put it in quotes").into());
    }
    if (said.contains("trailing content") || said.contains("unclosed quote"))
        && let Some(at) = odd_quote(text, at)
    {
        return (
            at,
            "this quote is never closed; put the same kind of quote behind the value".into(),
        );
    }
    if said.contains("mapping values")
        && let Some(at) = no_key_above(text, at)
    {
        return (
            at,
            "no key stands here; write `key: value`, with a space behind the colon".into(),
        );
    }
    let known = KNOWN.iter().find(|(part, _)| said.contains(part));
    match known {
        Some((_, words)) => (at, (*words).into()),
        None => {
            let said = said.split(" at line ").next().unwrap_or(said);
            let help = "compare with the lines above, or see `edge check --explain E100`".to_owned();
            let message = format!("not YAML: {said}");
            (at, Words { message, help })
        }
    }
}

/// A character that looks like a plain space, or like nothing.
fn unseen(line: &str, at: At) -> Option<(At, Words)> {
    let (index, c) = line.chars().enumerate().find(|(_, c)| is_unseen(*c))?;
    let words = format!(
        "here is a U+{:04X}, which looks like a space or like nothing; write a plain space, or take it out",
        u32::from(c)
    );
    Some((At::new(at.line as usize, index + 1), words.into()))
}

/// What other languages write.
fn foreign(line: &str, at: At) -> Option<(At, Words)> {
    let begin = line.chars().position(|c| c != ' ')?;
    let here = |column: usize| At::new(at.line as usize, column + 1);
    if line.trim_start().starts_with("//") || line.trim_start().starts_with("/*") {
        return Some((here(begin), "no comment begins like this; write `#`".into()));
    }
    let template = line.find("{{").or_else(|| line.find("{%"))?;
    let words = "`{{` and `{%` belong to a template, which nothing fills in here; write a variable, `\"${NAME}\"`";
    Some((here(line[..template].chars().count()), words.into()))
}

/// The first key of a file, if it is indented and what comes at the place is not.
fn indented_begin(text: &str, at: At) -> Option<At> {
    let content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (index, line) = text.lines().enumerate().find(|(_, line)| content(line))?;
    let begin = line.chars().position(|c| c != ' ')?;
    (begin > 0 && at.column == 1).then(|| At::new(index + 1, begin + 1))
}

/// The parser names the place where the second document's content begins; its `---` stands above.
fn second_document(text: &str, at: At) -> At {
    let lines: Vec<&str> = text.lines().take(at.line as usize).collect();
    let marker = lines.iter().rposition(|line| line.starts_with("---"));
    marker.map_or(at, |index| At::new(index + 1, 1))
}

/// The first line, down to the place, whose double quotes are odd in number; the place of the last one.
fn odd_quote(text: &str, at: At) -> Option<At> {
    let lines = text.lines().take(at.line as usize).enumerate();
    let mut odd = lines.filter(|(_, line)| !line.trim_start().starts_with('#') && line.matches('"').count() % 2 == 1);
    let (index, line) = odd.next()?;
    let column = line.chars().collect::<Vec<_>>().iter().rposition(|c| *c == '"')?;
    Some(At::new(index + 1, column + 1))
}

/// The line above a place, if it holds something and no key: the parser takes it for the begin of a text.
fn no_key_above(text: &str, at: At) -> Option<At> {
    let lines: Vec<&str> = text.lines().take((at.line as usize).saturating_sub(1)).collect();
    let content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let index = lines.iter().rposition(content)?;
    let line = lines[index];
    let has_key = line.contains(": ") || line.trim_end().ends_with(':');
    let column = line.chars().position(|c| c != ' ')?;
    (!has_key).then(|| At::new(index + 1, column + 1))
}
