//! Claims as others are told them: in header fields, and as texts to compare.

use http::HeaderValue;
use serde_json::{Map, Value};

/// The claim that `path` names: a member of exactly this name, or else one in an object, a dot before each step. So a claim
/// whose own name has dots is found too: `https://example.com/roles`.
pub(crate) fn find<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.match_indices('.')
        .rev()
        .find_map(|(dot, _)| match claims.get(&path[..dot])? {
            Value::Object(inner) => find(inner, &path[dot + 1..]),
            _ => None,
        })
}

/// A claim's texts, to compare: each element of a list by itself, and each word of a `scope` (RFC 8693, section 4.2).
pub(crate) fn texts(path: &str, value: &Value) -> Box<[Box<str>]> {
    let is_scope = matches!(path.rsplit('.').next(), Some("scope" | "scp"));
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let texts = items.iter().filter_map(scalar);
    if is_scope {
        let words = texts.flat_map(|text| text.split(' ').map(Box::from).collect::<Vec<Box<str>>>());
        return words.filter(|word| !word.is_empty()).collect();
    }
    texts.map(String::into_boxed_str).collect()
}

/// A claim as a field's value: a text, a number, `true` or `false`; the elements of a list with commas between. `None` where
/// that would not say what the token says: an object, an element with a comma of its own, a control character, spaces at an
/// end (which no field keeps), nothing at all.
pub(crate) fn field(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(scalar).collect();
            let items = items?;
            if items.iter().any(|item| item.is_empty() || item.contains(',')) {
                return None;
            }
            items.join(",")
        }
        single => scalar(single)?,
    };
    if text.is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return None;
    }
    // Bytes, not text: a name may hold UTF-8.
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims() -> Map<String, Value> {
        let claims = json!({
            "sub": "7",
            "realm_access": { "roles": ["a", "b"], "deep": { "er": 1 } },
            "https://example.com/roles": ["c"],
            "a.b": { "c.d": true },
        });
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn a_path_leads_into_objects_and_through_dots_in_names() {
        for (path, want) in [
            ("sub", Some(json!("7"))),
            ("realm_access.roles", Some(json!(["a", "b"]))),
            ("realm_access.deep.er", Some(json!(1))),
            ("https://example.com/roles", Some(json!(["c"]))),
            ("a.b.c.d", Some(json!(true))),
            ("sub.x", None),
            ("realm_access.", None),
            ("", None),
        ] {
            assert_eq!(find(&claims(), path), want.as_ref(), "{path}");
        }
    }

    #[test]
    fn fields_say_what_the_token_says_or_nothing() {
        for (value, want) in [
            (json!("zoë"), Some("zoë")),
            (json!(-1.5), Some("-1.5")),
            (json!(18_446_744_073_709_551_615_u64), Some("18446744073709551615")),
            (json!(true), Some("true")),
            (json!(["a", 1, false]), Some("a,1,false")),
            (json!("a,b"), Some("a,b")),
            (json!(["a,b"]), None),
            (json!(["a", ""]), None),
            (json!([["a"]]), None),
            (json!([]), None),
            (json!({}), None),
            (json!(null), None),
            (json!(""), None),
            (json!(" 7"), None),
            (json!("7\u{a0}"), None),
            (json!("a\r\nx-user-role: admin"), None),
            (json!("a\tb"), None),
            (json!("a\u{0}"), None),
            (json!("a\u{7f}"), None),
            (json!("a\u{85}b"), None),
        ] {
            let field = field(&value);
            assert_eq!(
                field.as_ref().map(HeaderValue::as_bytes),
                want.map(str::as_bytes),
                "{value}"
            );
        }
    }

    #[test]
    fn a_scope_is_words() {
        let words = |path: &str, value: Value| texts(path, &value).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words("scope", json!("read  write")), ["read", "write"]);
        assert_eq!(words("x.scp", json!(["read", "a b"])), ["read", "a", "b"]);
        assert_eq!(words("role", json!("a b")), ["a b"]);
        assert_eq!(words("level", json!([1, true, null])), ["1", "true"]);
        assert!(words("scope", json!({})).is_empty());
    }
}
