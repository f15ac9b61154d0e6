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
            let cure = match text.to_ascii_lowercase().as_str() {
                "public" | "none" | "off" | "no" | "anonymous" | "false" => "write `public`".to_owned(),
                "jwt" | "" => "write `public`, or `{ jwt: <name> }` with a name of the section `jwt`".to_owned(),
                _ => {
                    let name = text.strip_prefix("jwt:").unwrap_or(text).trim();
                    format!("write `public` or `{{ jwt: {name} }}`")
                }
            };
            Err(E::custom(format!("`{text}` says not who may use it; {cure}")))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Auth, A::Error> {
        let Token { jwt, optional, require } = Token::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Auth::Jwt {
            names: jwt,
            optional,
            require,
        })
    }
}
