//! Reads `.env`: `KEY=value` lines, comments, quotes.

use std::{fs, path::Path};

use shared_stack::{Error, Result};

/// The pairs of a file, in its order; none when there is no file.
pub(crate) fn load(file: &Path) -> Result<Vec<(String, String)>> {
    match fs::read_to_string(file) {
        Ok(text) => parse(&text).map_err(|(line, why)| Error::new(format!("{}:{line}: {why}", file.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::new(format!("cannot read {}: {error}", file.display()))),
    }
}

/// The pairs of a text, or the line that is wrong and why.
///
/// `export` before a name is allowed. Unquoted values end at ` #`; single quotes keep everything; double quotes know
/// `\n`, `\"` and `\\`. An empty value counts as not set, as in compose files.
fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| (number, format!("`{line}` is not KEY=value")))?;
        let key = key.trim();
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if key.is_empty() || !key.chars().all(valid) || key.starts_with(|c: char| c.is_ascii_digit()) {
            return Err((number, format!("`{key}` is not a variable's name")));
        }
        let value = unquote(value.trim()).map_err(|why| (number, format!("{key}: {why}")))?;
        if !value.is_empty() {
            pairs.push((key.to_owned(), value));
        }
    }
    Ok(pairs)
}

fn unquote(value: &str) -> Result<String, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let end = rest.find('\'').ok_or("the quote is not closed")?;
        return after(&rest[end + 1..]).map(|()| rest[..end].to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = if value.starts_with('#') {
            0
        } else {
            value.find(" #").unwrap_or(value.len())
        };
        return Ok(value[..end].trim_end().to_owned());
    };
    let mut out = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or("the quote is not closed")? {
            '"' => return after(chars.as_str()).map(|()| out),
            '\\' => match chars.next().ok_or("the quote is not closed")? {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
}

fn after(rest: &str) -> Result<(), &'static str> {
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(())
    } else {
        Err("something follows the closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> String {
        parse(text).unwrap().remove(0).1
    }

    #[test]
    fn values_quotes_and_comments() {
        assert_eq!(one("A=b"), "b");
        assert_eq!(one("  export A = b  # why"), "b");
        assert_eq!(one("A=postgres://u:p#1@h/db"), "postgres://u:p#1@h/db");
        assert_eq!(one("A='b # c' # d"), "b # c");
        assert_eq!(one(r#"A="say \"hi\"\n""#), "say \"hi\"\n");
        assert_eq!(one("A=b=c"), "b=c");
        assert!(parse("# only\n\nA=\nB=''\n").unwrap().is_empty());
    }

    #[test]
    fn mistakes_carry_their_line() {
        assert_eq!(parse("A=1\nnonsense").unwrap_err().0, 2);
        assert_eq!(parse("A='x").unwrap_err().0, 1);
        assert_eq!(
            parse("A B=x").unwrap_err(),
            (1, "`A B` is not a variable's name".to_owned())
        );
        assert!(parse("A=\"x\" y").is_err());
    }

    #[test]
    fn the_shipped_example_is_valid_with_every_line_taken() {
        let text = include_str!("../../conf/.env.example");
        assert!(
            parse(text).unwrap().is_empty(),
            "an example changes nothing until a line is taken"
        );
        let hidden = text.lines().filter_map(|line| line.strip_prefix('#'));
        let taken: Vec<&str> = hidden
            .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
            .collect();
        let names: Vec<String> = parse(&taken.join("\n"))
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        for name in [
            "DATABASE_URL_NOTIFICATIONS",
            "REDIS_URL",
            "AMQP_URL",
            "EDGE_BIND",
            "RUST_LOG",
        ] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
    }
}
