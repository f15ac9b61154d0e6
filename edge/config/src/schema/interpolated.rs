//! Where a scalar stands, a variable may stand too.

use schemars::{Schema, transform::transform_subschemas};
use serde_json::{Map, Value, json};

/// What a text with a variable looks like.
pub(super) const VARIABLE: &str = r"\$\{";

/// Lets a variable stand in for every scalar, and takes out what says nothing about the file: the widths of numbers, and that
/// a key may as well be empty.
pub(super) fn tidy(schema: &mut Schema) {
    transform_subschemas(&mut tidy, schema);
    let Some(object) = schema.as_object_mut() else { return };
    object.shift_remove("format");
    object.shift_remove("writeOnly");
    if let Some(Value::String(about)) = object.get_mut("description") {
        *about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    without_null(object);
    with_variable(object);
    order(object);
}

fn with_variable(object: &mut Map<String, Value>) {
    if let Some(Value::String(pattern)) = object.get_mut("pattern")
        && !pattern.contains(VARIABLE)
    {
        *pattern = format!("{pattern}|{VARIABLE}");
    }
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "integer" | "number" | "boolean") {
        let about = take(object, &["type", "minimum", "maximum", "exclusiveMinimum"]);
        object.insert("anyOf".to_owned(), json!([about, variable()]));
    } else if object.contains_key("enum") {
        let about = take(object, &["type", "enum"]);
        object.insert("anyOf".to_owned(), json!([about, variable()]));
    } else if let Some(Value::Array(words)) = object.get_mut("oneOf")
        && words.iter().all(|word| word.get("const").is_some())
    {
        words.push(variable());
    }
}

fn variable() -> Value {
    json!({ "type": "string", "pattern": VARIABLE })
}

/// Takes keys out of a schema.
fn take(object: &mut Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    let taken = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), object.shift_remove(*key)?)));
    taken.collect()
}

fn without_null(object: &mut Map<String, Value>) {
    if object.get("default") == Some(&Value::Null) {
        object.shift_remove("default");
    }
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            let one = one.clone();
            object.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
        let before = forms.len();
        forms.retain(|form| form.get("type") != Some(&json!("null")));
        if let ([Value::Object(one)], true) = (forms.as_slice(), forms.len() < before) {
            let one = one.clone();
            object.shift_remove("anyOf");
            if one.contains_key("$ref") {
                // In draft 7 nothing may stand beside a reference.
                object.insert("allOf".to_owned(), json!([one]));
            } else {
                object.extend(one);
            }
        }
    }
}

/// What tells people about a schema goes first.
fn order(object: &mut Map<String, Value>) {
    const FIRST: [&str; 5] = ["$schema", "title", "description", "default", "type"];
    let first = take(object, &FIRST);
    let rest = std::mem::take(object);
    object.extend(first);
    object.extend(rest);
}
