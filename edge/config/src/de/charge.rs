//! `rate_limits` of a route: names, or maps with a cost.

use crate::types::{Charge, Charged};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

impl<'de> Deserialize<'de> for Charge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChargeVisitor)
    }
}

struct ChargeVisitor;

impl<'de> Visitor<'de> for ChargeVisitor {
    type Value = Charge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a quota, or `{ limit: <name>, cost: <number> }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Charge, E> {
        Ok(Charge {
            limit: text.to_owned(),
            cost: 1,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Charge, A::Error> {
        let Charged { limit, cost } = Charged::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Charge { limit, cost })
    }
}
