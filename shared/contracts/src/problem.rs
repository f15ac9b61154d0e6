//! The body of every REST error: RFC 9457 problem details that also carry `success: false` and `message`.

use crate::Code;
use serde::{Deserialize, Serialize};

/// `Content-Type` of a [`Problem`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error as a client reads it. It never carries internal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `about:blank`: `title` says what `code` means (RFC 9457, section 4.2.1).
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, in a sentence for a person.
    pub detail: String,
    /// The stable code a program may branch on.
    pub code: Code,
    /// The input field at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Finds the request in the logs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// Always `false`.
    pub success: bool,
    /// The same text as `detail`, under the name that the GraphQL payloads use.
    pub message: String,
}

impl Problem {
    /// A problem with the code's own status and title.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: "about:blank".into(),
            title: code.title().into(),
            status: code.status(),
            message: detail.clone(),
            detail,
            code,
            field: None,
            request_id: None,
            success: false,
        }
    }

    /// Names the input field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the request.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}
