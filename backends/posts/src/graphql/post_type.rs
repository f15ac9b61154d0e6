//! The scalar `PostType`.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// A kind of post as clients write it.
///
/// A scalar and no enum, for an enum's literal could not be quoted. What the text may be is the domain's to say, so that
/// a wrong one is answered like any other wrong field.
#[derive(Debug, Clone)]
pub(super) struct PostType(pub(super) String);

/// TEXT, IMAGE or VIDEO, written as a string or as a bare name: "TEXT" and TEXT are the same.
#[Scalar(name = "PostType")]
impl ScalarType for PostType {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Enum(name) => Ok(Self(name.to_string())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_) | Value::Enum(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}
