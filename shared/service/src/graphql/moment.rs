//! The scalar `DateTime`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, SecondsFormat, Utc};

/// A moment, written as in REST answers and events, so that clients may compare the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

/// A moment in UTC (RFC 3339), such as "2026-01-31T23:59:59.123456Z".
#[Scalar(name = "DateTime")]
impl ScalarType for Moment {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => match DateTime::parse_from_rfc3339(text) {
                Ok(moment) => Ok(Self(moment.to_utc())),
                Err(_) => Err(InputValueError::expected_type(value)),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_serde_writes_it() {
        for text in [
            "2026-01-31T23:59:59.123456Z",
            "2026-01-31T23:59:59Z",
            "2026-01-31T23:59:59.120Z",
        ] {
            let moment = Moment::parse(Value::String(text.into())).unwrap();
            assert_eq!(moment.to_value(), Value::String(text.into()));
            assert_eq!(serde_json::to_value(moment.0).unwrap(), text);
        }
    }
}
