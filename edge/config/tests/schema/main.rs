//! The schema and the reference page are those of the types.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod validator;

use edge_config::{reference, schema, schema_text};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn is_shipped(file: &str, text: &str) {
    let shipped = std::fs::read_to_string(root().join(file)).unwrap_or_default();
    assert!(
        shipped == text,
        "make {file} anew: cargo run -p edge-config --example regenerate"
    );
}

#[test]
fn the_shipped_schema_is_the_one_of_the_types() {
    is_shipped("conf/edge.schema.json", &schema_text());
}

#[test]
fn the_shipped_page_is_the_one_of_the_types() {
    is_shipped("docs/edge-yaml.md", &reference());
}

/// Every schema in it.
fn each(schema: &Value, see: &mut dyn FnMut(&Value)) {
    see(schema);
    match schema {
        Value::Object(entries) => entries.values().for_each(|value| each(value, see)),
        Value::Array(items) => items.iter().for_each(|item| each(item, see)),
        _ => {}
    }
}

#[test]
fn every_key_is_described_and_no_other_is_allowed() {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let mut keys = 0;
    each(&schema, &mut |schema| {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        assert_eq!(schema["additionalProperties"], false, "{schema}");
        for (key, value) in properties {
            keys += 1;
            let described = value
                .get("description")
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty());
            assert!(described, "{key}: {value}");
        }
    });
    assert!(keys > 120, "{keys}");
}

#[test]
fn a_variable_may_stand_for_every_scalar() {
    each(&schema(), &mut |schema| {
        if matches!(
            schema.get("type").and_then(Value::as_str),
            Some("integer" | "number" | "boolean")
        ) {
            assert!(
                schema.get("description").is_none(),
                "only one of several forms: {schema}"
            );
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            assert!(pattern.contains(r"\$\{") || pattern.starts_with("^5"), "{schema}");
        }
    });
}

fn yaml(file: &Path) -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&std::fs::read_to_string(file).unwrap(), options).unwrap()
}

#[test]
fn what_the_edge_reads_fits_the_schema() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = schema();
    for file in [
        "../../conf/edge.yaml",
        "../../tests/edge.yaml",
        "tests/fixtures/whole.yaml",
    ] {
        let misfits = validator::misfits(&schema, &yaml(&here.join(file)));
        assert_eq!(misfits, [""; 0], "{file}");
    }
}

#[test]
fn what_is_wrong_by_itself_does_not_fit() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let schema = schema();
    for name in [
        "attempts-too-many",
        "balancing-of-another-proxy",
        "bind-to-a-name",
        "boolean-yes",
        "key-misspelled",
        "key-of-match-on-the-route",
        "methods-as-a-text",
        "network-without-its-length",
        "number-too-small",
        "path-as-a-list",
        "rate-missing",
        "rate-without-a-time",
        "routes-as-a-list",
        "size-in-megabytes",
        "target-with-a-scheme",
        "target-without-a-port",
        "time-without-a-unit",
        "version-of-the-future",
    ] {
        let misfits = validator::misfits(&schema, &yaml(&here.join(format!("{name}.yaml"))));
        assert!(!misfits.is_empty(), "{name}");
    }
}
