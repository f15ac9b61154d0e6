//! Deserialisers of what has two spellings, or whose type lives in the policy crate.

use crate::types::{Auth, Target};
use edge_policy::{
    identity::TokenSource,
    rate_limit::{Algorithm, KeyBy, OnStoreFailure},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

/// A type that is one of a few words in the file.
macro_rules! words {
    ($name:ident -> $type:ty { $($word:literal => $value:expr),* $(,)? }) => {
        pub(crate) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            match String::deserialize(deserializer)?.as_str() {
                $($word => Ok($value),)*
                other => Err(de::Error::unknown_variant(other, &[$($word),*])),
            }
        }
    };
}

words!(key_by -> KeyBy { "client_ip" => KeyBy::ClientIp, "jwt.sub" => KeyBy::JwtSub });
words!(algorithm -> Algorithm { "gcra" => Algorithm::Gcra, "window" => Algorithm::Window });
words!(on_store_failure -> OnStoreFailure {
    "local" => OnStoreFailure::Local, "open" => OnStoreFailure::Open, "closed" => OnStoreFailure::Closed,
});

/// `token_from: [{ cookie: <name> }, { bearer: true }]`.
pub(crate) fn token_sources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TokenSource>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Source {
        cookie: Option<String>,
        bearer: Option<bool>,
    }
    let sources = Vec::<Source>::deserialize(deserializer)?;
    let one = |source| match source {
        Source {
            cookie: Some(name),
            bearer: None,
        } if !name.is_empty() => Ok(TokenSource::Cookie(name)),
        Source {
            cookie: None,
            bearer: Some(true),
        } => Ok(TokenSource::Bearer),
        _ => Err(de::Error::custom(
            "each source is `{ cookie: <name> }` or `{ bearer: true }`",
        )),
    };
    sources.into_iter().map(one).collect()
}

impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AuthVisitor;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Jwt {
            jwt: String,
            #[serde(default)]
            optional: bool,
        }

        impl<'de> Visitor<'de> for AuthVisitor {
            type Value = Auth;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`public` or `{ jwt: <name>, optional: true }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Auth, E> {
                if text == "public" {
                    Ok(Auth::Public)
                } else {
                    Err(E::unknown_variant(text, &["public"]))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Auth, A::Error> {
                let Jwt { jwt, optional } = Jwt::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Auth::Jwt { name: jwt, optional })
            }
        }

        deserializer.deserialize_any(AuthVisitor)
    }
}

/// `host:port`, a whole one.
fn address(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is not an address; write `host:port`");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let host_fine = match bracketed {
        true => host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok(),
        false => !host.is_empty() && host.bytes().all(plain),
    };
    let port_fine = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host_fine && port_fine {
        Ok(text.to_owned())
    } else {
        Err(wrong())
    }
}

fn target(text: &str) -> Result<Target, String> {
    Ok(Target {
        address: address(text.trim())?,
        weight: 1,
    })
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TargetVisitor;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            address: String,
            #[serde(default)]
            weight: Option<u32>,
        }

        impl<'de> Visitor<'de> for TargetVisitor {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`host:port` or `{ address: <host:port>, weight: <1 to 100> }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                target(text).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                let long = Long::deserialize(MapAccessDeserializer::new(map))?;
                let weight = long.weight.unwrap_or(1);
                if !(1..=100).contains(&weight) {
                    return Err(de::Error::custom(format!("weight `{weight}` is not between 1 and 100")));
                }
                Ok(Target {
                    weight,
                    ..target(&long.address).map_err(de::Error::custom)?
                })
            }
        }

        deserializer.deserialize_any(TargetVisitor)
    }
}

/// `targets`: a list, or one text with commas.
pub(crate) fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Target>, D::Error> {
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

    deserializer.deserialize_any(TargetsVisitor)
}
