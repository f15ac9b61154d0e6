//! `retry_on`: words and statuses.

use crate::{diagnose::nearest, types::RetryOn};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::fmt;

const CONNECT_FAILURE: &str = "connect_failure";
const RESET: &str = "reset";
const TIMEOUT: &str = "timeout";

impl Serialize for RetryOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ConnectFailure => serializer.serialize_str(CONNECT_FAILURE),
            Self::Reset => serializer.serialize_str(RESET),
            Self::Timeout => serializer.serialize_str(TIMEOUT),
            Self::Status(status) => serializer.serialize_str(&status.to_string()),
        }
    }
}

impl<'de> Deserialize<'de> for RetryOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RetryOnVisitor)
    }
}

struct RetryOnVisitor;

impl Visitor<'_> for RetryOnVisitor {
    type Value = RetryOn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{CONNECT_FAILURE}`, `{RESET}`, `{TIMEOUT}` or a status like `503`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RetryOn, E> {
        match text {
            CONNECT_FAILURE => Ok(RetryOn::ConnectFailure),
            RESET => Ok(RetryOn::Reset),
            TIMEOUT => Ok(RetryOn::Timeout),
            _ => match text.parse() {
                Ok(status) => self.visit_u64(status),
                Err(_) => {
                    let help = match nearest(text, [CONNECT_FAILURE, RESET, TIMEOUT]) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "write each status out, `503`".to_owned(),
                    };
                    Err(E::custom(format!(
                        "`{text}` is not one of `{CONNECT_FAILURE}`, `{RESET}`, `{TIMEOUT}` and the statuses from 500; {help}"
                    )))
                }
            },
        }
    }

    fn visit_i64<E: de::Error>(self, status: i64) -> Result<RetryOn, E> {
        match u64::try_from(status) {
            Ok(status) => self.visit_u64(status),
            Err(_) => Err(E::custom(format!(
                "`{status}` is no status; statuses to retry on are 500 to 599"
            ))),
        }
    }

    fn visit_u64<E: de::Error>(self, status: u64) -> Result<RetryOn, E> {
        match u16::try_from(status) {
            Ok(status @ 500..=599) => Ok(RetryOn::Status(status)),
            _ => Err(E::custom(format!(
                "`{status}` is not a failure of the service; statuses to retry on are 500 to 599"
            ))),
        }
    }
}
