//! As much of JSON Schema, draft 7, as the schema uses; an unknown keyword is a failure.

use regex::Regex;
use serde_json::{Map, Value};

/// Where a value does not fit, as paths with the keyword at fault.
pub fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema }.check(schema, value, "", &mut found);
    found
}

struct Check<'s> {
    root: &'s Value,
}

impl Check<'_> {
    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let Value::Object(keywords) = schema else {
            panic!("{path}: a schema that is no map: {schema}")
        };
        for (keyword, wanted) in keywords {
            let fits = match keyword.as_str() {
                "$schema" | "title" | "description" | "default" | "definitions" => true,
                "$ref" => {
                    let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                    self.check(self.root.pointer(pointer).unwrap(), value, path, found);
                    true
                }
                "allOf" => {
                    forms(wanted)
                        .iter()
                        .for_each(|form| self.check(form, value, path, found));
                    true
                }
                "anyOf" => forms(wanted).iter().any(|form| self.fits(form, value)),
                "oneOf" => forms(wanted).iter().filter(|form| self.fits(form, value)).count() == 1,
                "type" => is_kind(wanted.as_str().unwrap(), value),
                "const" => value == wanted,
                "enum" => forms(wanted).contains(value),
                "pattern" => value
                    .as_str()
                    .is_none_or(|text| Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text)),
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
                "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > wanted.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
                "required" => value.as_object().is_none_or(|entries| {
                    forms(wanted)
                        .iter()
                        .all(|key| entries.contains_key(key.as_str().unwrap()))
                }),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{path}.{index}"), found);
                    }
                    true
                }
                "properties" | "additionalProperties" => true,
                other => panic!("{path}: unknown keyword {other}"),
            };
            if !fits {
                found.push(format!("{path}: {keyword}"));
            }
        }
        if let Value::Object(entries) = value {
            self.entries(keywords, entries, path, found);
        }
    }

    fn entries(
        &self,
        keywords: &Map<String, Value>,
        entries: &Map<String, Value>,
        path: &str,
        found: &mut Vec<String>,
    ) {
        let known = keywords.get("properties").and_then(Value::as_object);
        for (key, value) in entries {
            let path = format!("{path}.{key}");
            match (
                known.and_then(|known| known.get(key)),
                keywords.get("additionalProperties"),
            ) {
                (Some(schema), _) => self.check(schema, value, &path, found),
                (None, Some(Value::Bool(false))) => found.push(format!("{path}: unknown")),
                (None, Some(schema @ Value::Object(_))) => self.check(schema, value, &path, found),
                (None, _) => {}
            }
        }
    }
}

fn forms(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("unknown kind {other}"),
    }
}
