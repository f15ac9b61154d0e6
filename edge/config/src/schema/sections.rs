//! The maps with known keys that a schema describes.

use serde_json::{Map, Value};

/// One of them.
pub(super) struct Section {
    /// Keys from the root; `<name>` is any name, `[]` an item of a list. Empty for the root.
    pub(super) path: Vec<String>,
    /// The map's schema.
    pub(super) schema: Value,
}

impl Section {
    /// Its keys with their schemas.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    }

    /// Whether a key must be there.
    pub(super) fn requires(&self, key: &str) -> bool {
        let required = self.schema.get("required").and_then(Value::as_array);
        required.is_some_and(|required| required.iter().any(|one| one == key))
    }
}

/// A schema with what its references name.
pub(super) struct Sections {
    definitions: Map<String, Value>,
    found: Vec<Section>,
}

impl Sections {
    /// All maps that a schema describes: each before what lies in it.
    pub(super) fn of(root: &Value) -> (Self, Vec<Section>) {
        let definitions = root.get("definitions").and_then(Value::as_object).cloned();
        let mut sections = Self {
            definitions: definitions.unwrap_or_default(),
            found: Vec::new(),
        };
        sections.walk(&[], root);
        let found = std::mem::take(&mut sections.found);
        (sections, found)
    }

    fn walk(&mut self, path: &[String], schema: &Value) {
        let schema = self.resolve(schema);
        let below = |key: &str| [path, &[key.to_owned()]].concat();
        if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
            for form in forms {
                self.walk(path, form);
            }
        } else if let Some(items) = schema.get("items") {
            self.walk(&below("[]"), items);
        } else if let Some(entries) = schema.get("additionalProperties").filter(|entries| entries.is_object()) {
            self.walk(&below("<name>"), entries);
        } else if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            self.found.push(Section {
                path: path.to_owned(),
                schema: schema.clone(),
            });
            for (key, value) in properties {
                self.walk(&below(key), value);
            }
        }
    }

    /// Follows a reference; what stands beside it goes before what it names.
    pub(super) fn resolve(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        let wrapped = schema
            .get("allOf")
            .and_then(|all| all.get(0))
            .and_then(|one| one.get("$ref"));
        let reference = schema
            .get("$ref")
            .or(wrapped)
            .and_then(Value::as_str)
            .map(str::to_owned);
        let named = reference.and_then(|reference| self.definitions.get(reference.rsplit('/').next()?));
        if let (Some(Value::Object(named)), Value::Object(own)) = (named, &mut schema) {
            own.remove("$ref");
            own.remove("allOf");
            for (key, value) in named {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        schema
    }
}
