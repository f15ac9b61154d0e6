//! `ring_key: header.x-tenant`.

use edge_policy::balance::RingKey;
use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RingKey, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|()| {
        de::Error::custom(format!(
            "`{text}` keeps no request at an instance; write `client_ip`, `header.<name>` or `cookie.<name>`"
        ))
    })
}

pub(crate) fn serialize<S: Serializer>(key: &RingKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}
