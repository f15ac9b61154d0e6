//! JSON whose texts are templates.

use super::{Gap, Template};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// JSON with templates for texts, as the file has it. A text that is nothing but one gap takes the kind of what fills it: a
/// captured number stays a number, `{{random 1 9}}` is one, a variable that is not set yet is `null`.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// `null`, `true` or a number, as JSON spells it.
    Literal(String),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object, in the order of the file.
    Map(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// All gaps.
    pub(crate) fn gaps(&self) -> Vec<&Gap> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Text(template) => template.gaps().collect(),
            Self::List(items) => items.iter().flat_map(Self::gaps).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, value)| value.gaps()).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for JsonTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = JsonTemplate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Literal("null".to_owned()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Literal(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Literal(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<JsonTemplate, E> {
        Ok(JsonTemplate::Literal(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<JsonTemplate, E> {
        serde_json::Number::from_f64(number)
            .map(|number| JsonTemplate::Literal(number.to_string()))
            .ok_or_else(|| E::custom(format!("`{number}` has no form in JSON")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<JsonTemplate, E> {
        Template::parse(text).map(JsonTemplate::Text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<JsonTemplate, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(JsonTemplate::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonTemplate, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(JsonTemplate::Map(entries))
    }
}
