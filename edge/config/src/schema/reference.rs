//! The reference page: a table a section, a row a key.

use super::{
    homes::fits,
    schema,
    sections::{Section, Sections},
};
use crate::check::NOT_YET;
use serde_json::Value;
use std::fmt::Write as _;

/// The page as Markdown, `docs/edge-yaml.md`.
pub fn reference() -> String {
    let (sections, found) = Sections::of(&schema());
    let page = Page { sections };
    let mut text = HEAD.to_owned();
    for section in &found {
        // What `defaults` holds is explained where routes have it.
        let [first, _, ..] = section.path.as_slice() else {
            page.table(section, &mut text);
            continue;
        };
        if first != "defaults" {
            page.table(section, &mut text);
        }
    }
    text
}

const HEAD: &str = "# Every key of `edge.yaml`\n\n\
    Made from the types in `edge/config/src/types` by `edge schema --format markdown`. `<name>` is a name of your own, `[]` an item\n\
    of a list. A key without a default and not marked as required may be left out, and then means what its description says. Any\n\
    value may hold variables: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. `edge explain` shows each value that counts and where\n\
    it comes from; `edge check` says what is wrong.\n";

/// What stands at a key, in a few words: `whole number 1 to 100`. `None` if there is no such key.
pub(crate) fn kind(path: &[&str]) -> Option<String> {
    let (sections, found) = Sections::of(&schema());
    let (key, above) = path.split_last()?;
    let section = found
        .iter()
        .find(|one| one.path.len() == above.len() && fits(&one.path, above))?;
    let (_, value) = section.properties().find(|(name, _)| name == key)?;
    Some(Page { sections }.kind(value))
}

struct Page {
    sections: Sections,
}

impl Page {
    /// A map with known keys.
    fn table(&self, section: &Section, out: &mut String) {
        if !section.path.is_empty() {
            let path = section.path.join(".").replace(".[]", "[]");
            // Writing to a text cannot fail.
            let _ = write!(out, "\n## `{path}`\n\n{}\n", one_line(&section.schema));
        }
        out.push_str("\n| key | what stands there | default | meaning |\n|---|---|---|---|\n");
        for (key, value) in section.properties() {
            let default = match default(value) {
                Some(default) => format!("`{default}`"),
                None if section.requires(key) => "required".to_owned(),
                None => String::new(),
            };
            let (kind, mut about) = (self.kind(value), self.meaning(value));
            if let Some(row) = NOT_YET.iter().find(|row| is_at(row.key, &section.path, key)) {
                let _ = write!(about, " *Not acted on yet ({}): {}.*", row.code, row.instead);
            }
            let _ = writeln!(out, "| `{key}` | {kind} | {default} | {about} |");
        }
    }

    /// What kind of value it is, in a few words.
    fn kind(&self, schema: &Value) -> String {
        let schema = self.sections.resolve(schema);
        if let Some(title) = schema.get("title").and_then(Value::as_str) {
            return title.to_owned();
        }
        if let Some(words) = schema.get("oneOf").and_then(Value::as_array) {
            let words = words.iter().filter_map(|word| word.get("const"));
            return words
                .map(|word| format!("`{}`", text(word)))
                .collect::<Vec<_>>()
                .join(", ");
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return words
                .iter()
                .map(|word| format!("`{}`", text(word)))
                .collect::<Vec<_>>()
                .join(", ");
        }
        if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
            let forms = forms
                .iter()
                .filter(|form| !is_variable(form))
                .map(|form| self.kind(form));
            return forms.collect::<Vec<_>>().join(" or ");
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("integer") => format!("whole number{}", range(&schema)),
            Some("number") => format!("number{}", range(&schema)),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("array") => {
                let item = schema.get("items").map(|items| self.kind(items)).unwrap_or_default();
                format!("list of {item}")
            }
            Some("object") if schema.get("additionalProperties").is_some_and(Value::is_object) => {
                let entry = schema
                    .get("additionalProperties")
                    .map(|entry| self.kind(entry))
                    .unwrap_or_default();
                format!("names, each with {entry}")
            }
            Some("object") => "map".to_owned(),
            Some("string") => "text".to_owned(),
            _ => String::new(),
        }
    }

    /// What it means; words each with their own meaning.
    fn meaning(&self, schema: &Value) -> String {
        let mut about = one_line(schema);
        let resolved = self.sections.resolve(schema);
        if about.is_empty() {
            about = one_line(&resolved);
        }
        let words = resolved.get("oneOf").and_then(Value::as_array);
        for word in words.into_iter().flatten() {
            if let (Some(name), Some(_)) = (word.get("const"), word.get("description")) {
                let _ = write!(about, "<br>`{}`: {}", text(name), one_line(word));
            }
        }
        about
    }
}

/// The default, if it fits into a table: those of whole maps stand with their keys.
fn default(schema: &Value) -> Option<String> {
    match schema.get("default")? {
        Value::Object(_) => None,
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Array(items) => Some(format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", "))),
        other => Some(text(other)),
    }
}

/// Whether a key of the table of those not acted on is this one.
fn is_at(pattern: &str, path: &[String], key: &str) -> bool {
    let anything = |part: &str| part == "<name>" || part == "[]";
    let (pattern, path): (Vec<&str>, Vec<&str>) = (
        pattern.split('.').collect(),
        path.iter().map(String::as_str).chain([key]).collect(),
    );
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(path)
            .all(|(want, part)| *want == part || (*want == "*" && anything(part)))
}

fn is_variable(schema: &Value) -> bool {
    schema.get("pattern").and_then(Value::as_str) == Some(r"\$\{")
}

fn range(schema: &Value) -> String {
    let bound = |key: &str| {
        schema
            .get(key)
            .filter(|bound| bound.as_f64() != Some(0.0))
            .map(Value::to_string)
    };
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) if least == most => format!(" {least}"),
        (Some(least), Some(most)) => format!(" {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_line(schema: &Value) -> String {
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    about
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
