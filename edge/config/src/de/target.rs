//! Instances: each a text or a map, all of them a list or one text with commas.

use super::address::address;
use crate::types::{LongTarget, Target};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

fn target(text: &str) -> Result<Target, String> {
    Ok(Target {
        address: address(text.trim())?,
        weight: 1,
        labels: Default::default(),
    })
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetVisitor)
    }
}

struct TargetVisitor;

impl<'de> Visitor<'de> for TargetVisitor {
    type Value = Target;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`host:port` or `{ address: <host:port>, weight: <1 to 100> }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
        target(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
        let LongTarget {
            address,
            weight,
            labels,
        } = LongTarget::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Target {
            address,
            weight,
            labels,
        })
    }
}

/// The address of the long form.
pub(crate) fn whole_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    address(text.trim()).map_err(de::Error::custom)
}

/// The weight of the long form.
pub(crate) fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let weight = i64::deserialize(deserializer)?;
    if let Ok(weight @ 1..=100) = u32::try_from(weight) {
        return Ok(weight);
    }
    let message = format!("weight `{weight}` is not between 1 and 100; for no traffic take the target out");
    Err(de::Error::custom(message))
}

/// `targets`: a list, or one text with commas.
pub(crate) fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Target>, D::Error> {
    deserializer.deserialize_any(TargetsVisitor)
}

struct TargetsVisitor;

impl<'de> Visitor<'de> for TargetsVisitor {
    type Value = Vec<Target>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of targets, or addresses joined by commas")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<Target>, E> {
        text.split(',').map(|one| target(one).map_err(E::custom)).collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Target>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(all)
    }
}
