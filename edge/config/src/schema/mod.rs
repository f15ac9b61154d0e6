//! The JSON Schema of `edge.yaml`, made from the types, and the reference page, made from the schema.

mod forms;
mod homes;
mod interpolated;
mod reference;
mod sections;

pub(crate) use forms::{AuthForm, Bind, KeyParts, Names, Network, RingKey, Subgraphs, Targets};
pub(crate) use homes::{home, owner};
pub(crate) use reference::kind;
pub use reference::reference;

use crate::Config;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema, in draft 7, which editors read. It knows the file as it is written: with variables, and in every spelling. What
/// names refer to, and which keys go together, only `edge check` knows.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with_transform(interpolated::tidy);
    settings.into_generator().into_root_schema_for::<Config>().to_value()
}

/// The schema as text, `conf/edge.schema.json`.
pub fn schema_text() -> String {
    // What was made from a value can be written.
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}
