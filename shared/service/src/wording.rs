//! serde's refusals in this platform's words: the code, the field at fault, and no types of the program.

use crate::ApiError;
use shared_contracts::Code;

/// Most characters of a client's own field name that are told back.
const MAX_NAME: usize = 64;

/// What serde refused at `path`. Its texts name the field only in prose and repeat the value; clients want the one
/// apart, and must not find the other (a password, say) in an answer.
pub(crate) fn typed(path: &str, text: &str) -> ApiError {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let quoted = |prefix: &str| text.strip_prefix(prefix)?.split('`').next();
    if let Some(name) = quoted("unknown field `") {
        // The path ends with the name already, and holds all of a name with backquotes.
        let field = short(if is_root(path) { name } else { path });
        let known = text.rsplit_once("`, expected ").map(|(_, known)| list(known));
        let known = known.map_or_else(String::new, |known| format!("; known: {known}"));
        return ApiError::new(Code::UnknownField, format!("{field} is not known here{known}")).with_field(field);
    }
    if let Some(name) = quoted("missing field `") {
        return invalid(&join(path, name), "is missing");
    }
    if let Some(name) = quoted("duplicate field `") {
        let field = join(path, name);
        return ApiError::new(Code::BadRequest, format!("{field} is given twice")).with_field(field);
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => invalid(path, &format!("must be {}", noun(expected))),
        None if text.contains("`true` or `false`") => invalid(path, "must be true or false"),
        None if is_about_digits(text) => invalid(path, "must be a whole number in range"),
        // A type of ours said in its own words what it wants.
        None => named(ApiError::new(Code::ValidationFailed, text), path),
    }
}

/// `VALIDATION_FAILED`: the value at `path` breaks a `rule`, a sentence without its subject.
pub(crate) fn invalid(path: &str, rule: &str) -> ApiError {
    let subject = if is_root(path) {
        "The input".to_owned()
    } else {
        short(path)
    };
    named(ApiError::new(Code::ValidationFailed, format!("{subject} {rule}")), path)
}

fn named(error: ApiError, path: &str) -> ApiError {
    if is_root(path) {
        error
    } else {
        error.with_field(short(path))
    }
}

fn is_root(path: &str) -> bool {
    path.is_empty() || path == "."
}

/// What serde expected, for people who know JSON and not Rust.
fn noun(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "f32" | "f64" => "a number",
        _ if expected.starts_with("struct ") => "an object",
        _ if is_integer(expected) => "a whole number in range",
        _ => expected,
    }
}

fn is_integer(name: &str) -> bool {
    let digits = name.strip_prefix(['i', 'u']);
    digits.is_some_and(|digits| digits == "size" || digits.parse::<u8>().is_ok())
}

/// The texts of `std::num::ParseIntError`.
fn is_about_digits(text: &str) -> bool {
    ["invalid digit", "number too", "cannot parse integer"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// "one of `a`, `b`" or "`a` or `b`" as "a, b".
fn list(known: &str) -> String {
    let names = known.split('`').skip(1).step_by(2);
    names.collect::<Vec<_>>().join(", ")
}

fn short(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// The path of a field that is missing or there twice: serde_path_to_error ends it before the name.
fn join(path: &str, name: &str) -> String {
    if is_root(path) {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_the_field_and_nothing_of_the_program() {
        let cases = [
            ("name", "invalid type: null, expected a string", "name must be a string"),
            (
                "all",
                "invalid type: string \"x, expected y\", expected a boolean",
                "all must be true or false",
            ),
            (
                "ids",
                "invalid type: string \"1\", expected a sequence",
                "ids must be a list",
            ),
            (
                "age",
                "invalid value: integer `300`, expected u8",
                "age must be a whole number in range",
            ),
            (
                "inner",
                "invalid type: integer `7`, expected struct Inner",
                "inner must be an object",
            ),
            (
                "limit",
                "invalid digit found in string",
                "limit must be a whole number in range",
            ),
            (
                "all",
                "provided string was not `true` or `false`",
                "all must be true or false",
            ),
            ("ids[0]", "an id is a number or text", "an id is a number or text"),
            (".", "missing field `name` at line 1 column 2", "name is missing"),
            (".", "duplicate field `name` at line 1 column 9", "name is given twice"),
            (
                "x",
                "unknown field `x`, expected one of `a`, `b` at line 1",
                "x is not known here; known: a, b",
            ),
            (
                "x",
                "unknown field `x`, expected `a` or `b`",
                "x is not known here; known: a, b",
            ),
            ("x", "unknown field `x`, there are no fields", "x is not known here"),
            (
                "a`b",
                "unknown field `a`b`, expected `c`",
                "a`b is not known here; known: c",
            ),
            ("inner", "missing field `age`", "inner.age is missing"),
        ];
        for (path, text, detail) in cases {
            assert_eq!(typed(path, text).detail, detail, "{text}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let name = "k".repeat(3000);
        let error = typed(&name, &format!("unknown field `{name}`, expected `a`"));
        assert_eq!(error.field.unwrap().chars().count(), MAX_NAME + 1);
        assert!(error.detail.len() < 200);
    }
}
