//! `key: client_ip`, or a list: `key: [client_ip, route]`.

use edge_policy::rate_limit::Part;
use serde::{
    Deserializer, Serializer,
    de::{self, SeqAccess, Visitor},
    ser::SerializeSeq,
};
use std::fmt;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Part>, D::Error> {
    deserializer.deserialize_any(Parts)
}

pub(crate) fn serialize<S: Serializer>(parts: &[Part], serializer: S) -> Result<S::Ok, S::Error> {
    if let [part] = parts {
        return serializer.collect_str(part);
    }
    let mut list = serializer.serialize_seq(Some(parts.len()))?;
    for part in parts {
        list.serialize_element(&part.to_string())?;
    }
    list.end()
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Vec<Part>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a request like `client_ip`, or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<Part>, E> {
        Ok(vec![part(text)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Part>, A::Error> {
        let mut parts = Vec::new();
        while let Some(text) = seq.next_element::<String>()? {
            let part = part(&text)?;
            if parts.contains(&part) {
                return Err(de::Error::custom(format!("`{text}` is here twice; keep one")));
            }
            parts.push(part);
        }
        if parts.is_empty() {
            return Err(de::Error::custom("an empty list tells nobody apart; write `client_ip`"));
        }
        Ok(parts)
    }
}

/// What others call them.
const NAMES: [(&[&str], &str); 6] = [
    (
        &[
            "ip",
            "remote_addr",
            "remote_address",
            "clientip",
            "client_address",
            "source_ip",
        ],
        "client_ip",
    ),
    (&["sub", "user", "user_id", "jwt", "consumer", "subject"], "jwt.sub"),
    (&["header", "headers"], "header.<name>"),
    (&["cookie", "cookies"], "cookie.<name>"),
    (&["path", "uri", "service"], "route"),
    (&["verb"], "method"),
];

fn part<E: de::Error>(text: &str) -> Result<Part, E> {
    text.parse().map_err(|()| {
        let lower = text.to_ascii_lowercase().replace('-', "_");
        let (kind, name) = lower.split_once([':', '.', '_']).unwrap_or((&lower, ""));
        let known = NAMES.iter().find(|(others, _)| others.contains(&lower.as_str()));
        let cure = match (known, kind) {
            (Some((_, ours)), _) => (*ours).to_owned(),
            (None, "header" | "cookie" | "jwt") if !name.is_empty() => format!("{kind}.{}", name.replace('_', "-")),
            (None, "claim" | "claims") if !name.is_empty() => format!("jwt.{name}"),
            _ => {
                let all = "`client_ip`, `jwt.<claim>`, `header.<name>`, `cookie.<name>`, `route` or `method`";
                return E::custom(format!("`{text}` is no part of a request; write {all}"));
            }
        };
        E::custom(format!("`{text}` is no part of a request; write `{cure}`"))
    })
}
