//! `auth`: a word, or a map.

use crate::types::{Auth, Token};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthVisitor)
    }
}

struct AuthVisitor;

impl<'de> Visitor<'de> for AuthVisitor {
    type Value = Auth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`public` or `{ jwt: <name> }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Auth, E> {
        if text == "public" {
            Ok(Auth::Public)
        } else {
            let message = format!("`{text}` says not who may use it; write `public` or `{{ jwt: {text} }}`");
            Err(E::custom(message))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Auth, A::Error> {
        let Token { jwt, optional, require } = Token::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Auth::Jwt {
            name: jwt,
            optional,
            require,
        })
    }
}
