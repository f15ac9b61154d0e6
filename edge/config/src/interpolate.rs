//! Variables in values: `${V}`, `${V:-default}`, `${V:?message}`; `$${` stands for a plain `${`. Filled in after the YAML
//! was read, so that no variable can add a key or a line.

use crate::{
    diagnose::{Findings, code},
    tree::{Node, Trail, Value, Variable},
};

/// Answers `${NAME}`.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Fills in all values; keys are left alone. As in a shell, an empty variable counts as unset for `:-` and `:?`.
pub(crate) fn interpolate(tree: &mut Node, env: Env<'_>, findings: &mut Findings) {
    walk(tree, &Trail::ROOT, env, findings);
}

fn walk(node: &mut Node, trail: &Trail<'_>, env: Env<'_>, findings: &mut Findings) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            node.interpolated = true;
            match fill(text, env, &mut node.variables) {
                Ok(filled) => *text = filled,
                Err(message) => {
                    findings.add(code::INTERPOLATION, node.at, trail.to_string(), message);
                }
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, &trail.then(&index.to_string()), env, findings);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                walk(&mut entry.node, &trail.then(&entry.key), env, findings);
            }
        }
        Value::Gone | Value::Text(_) | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

fn fill(text: &str, env: Env<'_>, variables: &mut Vec<Variable>) -> Result<String, String> {
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
            .ok_or_else(|| format!("`{}` is not closed; put a `}}` behind the name", &rest[start..]))?;
        out.push_str(&value(&inner[..end], env, variables)?);
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn value(expression: &str, env: Env<'_>, variables: &mut Vec<Variable>) -> Result<String, String> {
    let (name, otherwise) = match expression.split_once(':') {
        Some((name, tail)) => (name, Some(tail)),
        None => (expression, None),
    };
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(letter) || name.as_bytes()[0].is_ascii_digit() {
        return Err(format!(
            "`${{{expression}}}` is no interpolation; write `${{NAME}}`, `${{NAME:-default}}` or `${{NAME:?message}}`"
        ));
    }
    let set = env(name);
    let filled = set.clone().filter(|value| !value.is_empty());
    variables.push(Variable {
        name: name.to_owned(),
        set: filled.is_some() || (otherwise.is_none() && set.is_some()),
    });
    match otherwise.map(|tail| tail.split_at_checked(1)) {
        None => set.ok_or_else(|| format!("`{name}` is not set; set it, or write `${{{name}:-default}}`")),
        Some(Some(("-", default))) if default.contains("${") => Err(format!(
            "`${{{expression}`: a default cannot hold another variable; write it out"
        )),
        Some(Some(("-", default))) => Ok(filled.unwrap_or_else(|| default.to_owned())),
        Some(Some(("?", message))) => {
            let message = if message.is_empty() { "it must be set" } else { message };
            filled.ok_or_else(|| format!("`{name}` is not set: {message}"))
        }
        Some(_) => Err(format!(
            "`${{{expression}}}` is no interpolation; after `:` comes `-default` or `?message`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(text: &str) -> Result<String, String> {
        let env = |name: &str| match name {
            "SET" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        fill(text, &env, &mut Vec::new())
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
