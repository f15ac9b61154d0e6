//! How an operation's end becomes a payload.

use super::failure;
use crate::ApiResult;
use async_graphql::SimpleObject;

/// What every payload begins with; `#[graphql(flatten)]` it.
#[derive(Debug, Clone, SimpleObject)]
pub struct Outcome {
    /// Whether it was done.
    success: bool,
    /// A sentence for a person.
    message: Option<String>,
    /// Why it was not done: a stable code.
    code: Option<String>,
    /// The input field at fault.
    field: Option<String>,
}

impl Outcome {
    /// It was done.
    pub fn done(message: Option<&str>) -> Self {
        Self {
            success: true,
            message: message.map(ToOwned::to_owned),
            code: None,
            field: None,
        }
    }
}

/// What became of a deletion.
#[derive(Debug, SimpleObject)]
pub struct DeletePayload {
    /// How it ended.
    #[graphql(flatten)]
    outcome: Outcome,
}

impl From<Outcome> for DeletePayload {
    fn from(outcome: Outcome) -> Self {
        Self { outcome }
    }
}

/// `payload` of what was done, or of nothing where the client can mend what was refused.
///
/// # Errors
/// A GraphQL error where the operation could not be answered; see [`failure`].
pub fn answer<T, P>(
    result: ApiResult<T>,
    message: Option<&str>,
    payload: impl FnOnce(Outcome, Option<T>) -> P,
) -> async_graphql::Result<Option<P>> {
    match result {
        Ok(value) => Ok(Some(payload(Outcome::done(message), Some(value)))),
        Err(error) if error.is_clients() => {
            let code = Some(error.code.as_str().to_owned());
            let outcome = Outcome {
                success: false,
                message: Some(error.detail),
                code,
                field: error.field,
            };
            Ok(Some(payload(outcome, None)))
        }
        Err(error) => Err(failure(&error)),
    }
}
