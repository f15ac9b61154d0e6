//! Errors as GraphQL clients read them, and refusals of whole requests.

use apollo_compiler::parser::LineColumn;
use http::StatusCode;
use serde::Serialize;
use shared_contracts::Code;

/// Longest error message, in characters: messages may quote the client's own text.
const MAX_MESSAGE: usize = 300;

/// One entry of `errors`. It never carries internal text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct GraphqlError {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<LineColumn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<serde_json::Value>,
    extensions: Extensions,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Extensions {
    code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl GraphqlError {
    /// An error with a code; the message is cut at a sensible length.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((cut, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(cut);
            message.push('…');
        }
        Self {
            message,
            locations: Vec::new(),
            path: Vec::new(),
            extensions: Extensions { code, field: None },
        }
    }

    /// Names the member or variable at fault.
    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.extensions.field = Some(field.into());
        self
    }

    /// Points into the client's document.
    pub(crate) fn at(mut self, location: Option<LineColumn>) -> Self {
        self.locations.extend(location);
        self
    }

    /// Points into `data`.
    pub(crate) fn path(mut self, path: Vec<serde_json::Value>) -> Self {
        self.path = path;
        self
    }

    /// The first step of the path.
    pub(crate) fn root(&self) -> Option<&str> {
        self.path.first().and_then(|step| step.as_str())
    }
}

/// A request that is not executed at all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The status where the response format lets it be told.
    pub(crate) status: StatusCode,
    /// A GraphQL request that HTTP had no quarrel with: 200 in the format `application/json`.
    pub(crate) well_formed: bool,
    /// `Allow`, with a 405.
    pub(crate) allow: Option<&'static str>,
    /// At least one.
    pub(crate) errors: Vec<GraphqlError>,
}

impl Refusal {
    /// The HTTP request is at fault; the code's own status goes out in every format.
    pub(crate) fn http(error: GraphqlError) -> Self {
        let status = StatusCode::from_u16(error.extensions.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self {
            status,
            well_formed: false,
            allow: None,
            errors: vec![error],
        }
    }

    /// The GraphQL request is at fault: document, operation name or variables.
    pub(crate) fn graphql(errors: Vec<GraphqlError>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            well_formed: true,
            allow: None,
            errors,
        }
    }

    /// 405.
    pub(crate) fn method(allow: &'static str, message: &str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::http(GraphqlError::new(Code::MethodNotAllowed, message))
        }
    }

    /// 406: nothing that we write is accepted.
    pub(crate) fn not_acceptable() -> Self {
        let message = "Accept application/graphql-response+json or application/json.";
        let error = GraphqlError::new(Code::BadRequest, message).field("Accept");
        Self {
            status: StatusCode::NOT_ACCEPTABLE,
            ..Self::http(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_written_as_the_specification_says() {
        let error = GraphqlError::new(Code::ValidationFailed, "no")
            .field("variables.id")
            .at(Some(LineColumn { line: 1, column: 3 }))
            .path(vec!["getPost".into(), 0.into()]);
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"message":"no","locations":[{"line":1,"column":3}],"path":["getPost",0],"extensions":{"code":"VALIDATION_FAILED","field":"variables.id"}}"#
        );
        assert_eq!(
            serde_json::to_string(&GraphqlError::new(Code::Internal, "no")).unwrap(),
            r#"{"message":"no","extensions":{"code":"INTERNAL"}}"#
        );
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let error = GraphqlError::new(Code::BadRequest, "ä".repeat(5_000));
        assert_eq!(error.message.chars().count(), MAX_MESSAGE + 1);
    }
}
