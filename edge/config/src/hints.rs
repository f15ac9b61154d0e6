//! Better cures, once it is known where a mistake stands: a key that belongs elsewhere, a number that does not fit, a value
//! that was typed in another language.

use crate::{
    decode::{KEYS_HERE, MEANT},
    diagnose::{Findings, code, is_unseen},
    schema,
    tree::{Node, Value},
};

/// Adds to what is said of unknown keys where they belong; a map that lacks the key which holds one is not told of that too.
pub(crate) fn where_keys_belong(findings: &mut Findings) {
    let mut found = Vec::new();
    findings.amend(code::UNKNOWN_KEY, |path, words| {
        let keys: Vec<&str> = path.split('.').collect();
        let is_open = [KEYS_HERE, MEANT].iter().any(|begin| words.help.starts_with(begin));
        let Some((key, above)) = keys.split_last().filter(|_| is_open) else {
            return;
        };
        if let Some(home) = schema::home(key, above) {
            words.help = match words.help.starts_with(MEANT) {
                true => home.words,
                false => format!("{}; {}", home.words, words.help),
            };
            found.extend(home.below.map(|below| [above, &[below.as_str()]].concat().join(".")));
        }
    });
    for path in found {
        findings.retract(code::MISSING_KEY, &path);
    }
    // What stands among the names of a section, and is a key of what they name.
    findings.amend(code::WRONG_KIND, |path, words| {
        if let [section, key] = path.split('.').collect::<Vec<_>>()[..]
            && let Some(owner) = schema::owner(section, key)
        {
            words.help = format!("it is a key of `{owner}`: indent it more");
        }
    });
}

/// Says which numbers fit.
pub(crate) fn which_numbers(findings: &mut Findings) {
    findings.amend(code::BAD_VALUE, |path, words| {
        let keys: Vec<&str> = path.split('.').collect();
        if words.message.ends_with(" is out of range")
            && let Some(kind) = schema::kind(&keys)
        {
            words.help = format!("write a {kind}");
        }
    });
}

/// Says of values that were typed as another language wants them how they are typed here.
pub(crate) fn how_it_is_typed(tree: &Node, findings: &mut Findings) {
    for code in [code::BAD_VALUE, code::WRONG_KIND, code::DANGLING] {
        findings.amend(code, |path, words| {
            let keys: Vec<&str> = path.split('.').collect();
            if let Some(Value::Text(text)) = tree.at_path(&keys).map(|node| &node.value)
                && let Some(help) = typed(text)
            {
                words.help = help;
            }
        });
    }
}

fn typed(text: &str) -> Option<String> {
    if let Some(c) = text.chars().find(|c| is_unseen(*c)) {
        let help = "which looks like a space or like nothing; write a plain space, or take it out";
        return Some(format!("it holds a U+{:04X}, {help}", u32::from(c)));
    }
    if text.starts_with(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}']) {
        return Some("take plain quotes, `\"`, instead of typographic ones".to_owned());
    }
    if let Some(name) = variable(text) {
        return Some(format!("a variable is written `${{{name}}}`"));
    }
    if text.contains("{{") {
        return Some("`{{` belongs to a template, which nothing fills in here; write a variable, `${NAME}`".to_owned());
    }
    let mut begin = text.chars();
    if begin.next() == Some('-')
        && begin
            .next()
            .is_some_and(|c| c.is_alphabetic() || matches!(c, '"' | '\''))
    {
        return Some("put a space behind the `-`".to_owned());
    }
    if text.contains(" //") {
        return Some("a comment begins with `#`".to_owned());
    }
    None
}

/// The variable that a text names as shells, Kubernetes and Windows do.
fn variable(text: &str) -> Option<&str> {
    let name = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    let is_name = |name: &&str| name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let of_shell = text.split('$').skip(1).find_map(|rest| {
        let rest = rest.strip_prefix('(').unwrap_or(rest);
        Some(&rest[..name(rest)]).filter(is_name)
    });
    let of_windows = text
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'))
        .filter(|rest| name(rest) == rest.len());
    of_shell.or(of_windows.filter(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_are_known() {
        for (text, help) in [
            ("$REDIS_URL", "a variable is written `${REDIS_URL}`"),
            ("$(REDIS_URL)", "a variable is written `${REDIS_URL}`"),
            ("redis://$HOST:6379", "a variable is written `${HOST}`"),
            ("%REDIS_URL%", "a variable is written `${REDIS_URL}`"),
            (
                "\u{201c}a:1\u{201d}",
                "take plain quotes, `\"`, instead of typographic ones",
            ),
            ("-\"a:1\"", "put a space behind the `-`"),
            ("web // the web", "a comment begins with `#`"),
        ] {
            assert_eq!(typed(text).as_deref(), Some(help), "{text}");
        }
        for plain in ["", "-1s", "$5", "a$b", "100%", "https://a.b//c", "web", "-"] {
            assert_eq!(typed(plain), None, "{plain}");
        }
    }
}
