//! `subgraphs`: a map, or a list of names.

use crate::types::Subgraph;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::{collections::BTreeMap, fmt, path::Path};

/// Where the schemas are that no key names.
const SCHEMAS: &str = "conf/graphql";

pub(crate) fn subgraphs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Subgraph>, D::Error> {
    deserializer.deserialize_any(Subgraphs)
}

struct Subgraphs;

impl<'de> Visitor<'de> for Subgraphs {
    type Value = BTreeMap<String, Subgraph>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of subgraphs, or a list of upstreams")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeMap::new();
        while let Some(name) = seq.next_element::<String>()? {
            let part = Subgraph {
                upstream: name.clone(),
                schema: Path::new(SCHEMAS).join(format!("{name}.graphql")),
            };
            all.insert(name, part);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map))
    }
}
