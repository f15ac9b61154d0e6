//! Variables in values: `${V}`, `${V:-default}`, `${V:?message}`; `$${` stands for a plain `${`. Filled in after the YAML
//! was read, so that no variable can add a key or a line.

use crate::{
    diagnose::{Findings, code},
    tree::Node,
};

/// Fills in all values; keys are left alone. As in a shell, an empty variable counts as unset for `:-` and `:?`.
pub(crate) fn interpolate(tree: &mut Node, env: &dyn Fn(&str) -> Option<String>, findings: &mut Findings) {
    tree.each_text(&mut |text, at| {
        if !text.contains("${") {
            return false;
        }
        match fill(text, env) {
            Ok(filled) => *text = filled,
            Err(message) => findings.add(code::INTERPOLATION, at, message),
        }
        true
    });
}

fn fill(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if let Some(before) = rest[..start].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        out.push_str(&rest[..start]);
        let inner = &rest[start + 2..];
        let end = inner
            .find('}')
            .ok_or_else(|| format!("`{}` is not closed with a `}}`", &rest[start..]))?;
        out.push_str(&value(&inner[..end], env)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn value(expression: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, otherwise) = match expression.split_once(':') {
        Some((name, tail)) => (name, Some(tail)),
        None => (expression, None),
    };
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(letter) || name.as_bytes()[0].is_ascii_digit() {
        return Err(format!(
            "`${{{expression}}}`: write `${{NAME}}`, `${{NAME:-default}}` or `${{NAME:?message}}`"
        ));
    }
    let set = env(name);
    let filled = set.clone().filter(|value| !value.is_empty());
    match otherwise.map(|tail| tail.split_at_checked(1)) {
        None => set.ok_or_else(|| format!("`{name}` is not set; set it, or write `${{{name}:-default}}`")),
        Some(Some(("-", default))) if default.contains("${") => {
            Err(format!("`${{{expression}`: a default cannot hold another variable"))
        }
        Some(Some(("-", default))) => Ok(filled.unwrap_or_else(|| default.to_owned())),
        Some(Some(("?", message))) => {
            let message = if message.is_empty() { "it must be set" } else { message };
            filled.ok_or_else(|| format!("`{name}` is not set: {message}"))
        }
        Some(_) => Err(format!("`${{{expression}}}`: after `:` comes `-default` or `?message`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(text: &str) -> Result<String, String> {
        fill(text, &|name| match name {
            "SET" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn fills_in() {
        assert_eq!(run("a ${SET} b ${SET}"), Ok("a value b value".into()));
        assert_eq!(run("${SET:-other}"), Ok("value".into()));
        assert_eq!(run("${NO:-http://h:1/x?y}"), Ok("http://h:1/x?y".into()));
        assert_eq!(run("${EMPTY:-other}"), Ok("other".into()));
        assert_eq!(run("${EMPTY}"), Ok(String::new()));
        assert_eq!(run("${NO:-}"), Ok(String::new()));
        assert_eq!(run("$${SET} $5"), Ok("${SET} $5".into()));
    }

    #[test]
    fn tells_what_is_missing_or_malformed() {
        for bad in [
            "${NO}",
            "${NO:?}",
            "${",
            "${SET",
            "${}",
            "${1A}",
            "${A B}",
            "${SET:}",
            "${SET:+x}",
            "${NO:-${SET}}",
        ] {
            assert!(run(bad).is_err(), "{bad}");
        }
        assert_eq!(
            run("${NO:?make one first}"),
            Err("`NO` is not set: make one first".into())
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\$|\\{|\\}|:|-|\\?|SET|é){0,12}") {
            let _ = run(&text);
        }
    }
}
