//! Answers of the operator's listener: JSON, and problems where something is wrong.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use shared_contracts::{Code, Problem, header as names, problem};

/// An answer.
pub(super) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    allow: Option<&'static str>,
}

impl Answer {
    /// 200 with JSON.
    pub(super) fn json(value: &impl Serialize) -> Self {
        Self::text("application/json", serde_json::to_vec(value).unwrap_or_default())
    }

    /// 200 with something else.
    pub(super) fn text(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            allow: None,
        }
    }

    /// As it goes out.
    pub(super) fn into_response(self, request_id: &str, bare: bool) -> Response<Vec<u8>> {
        let length = self.body.len();
        let mut response = Response::new(if bare { Vec::new() } else { self.body });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::CONTENT_LENGTH, length.into());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(names::REQUEST_ID, id);
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Why something is not done. Operators may read all of it: there is no text here that only the log may know.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Box<Problem>,
    allow: Option<&'static str>,
    /// What the problem has beside its own members.
    more: Value,
}

impl Refusal {
    /// A refusal in a sentence, with its cure.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            problem: Box::new(Problem::new(code, detail)),
            allow: None,
            more: Value::Null,
        }
    }

    /// Names the field at fault.
    pub(super) fn field(mut self, field: &str) -> Self {
        self.problem.field = Some(field.to_owned());
        self
    }

    /// Says which methods there are.
    pub(super) fn allow(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Adds the members of another object.
    pub(super) fn with(mut self, more: &impl Serialize) -> Self {
        self.more = serde_json::to_value(more).unwrap_or_default();
        self
    }

    /// As an answer.
    pub(super) fn into_answer(self, request_id: &str) -> Answer {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::to_value(self.problem.request_id(request_id)).unwrap_or_default();
        if let (Value::Object(body), Value::Object(more)) = (&mut body, self.more) {
            for (name, value) in more {
                body.entry(name).or_insert(value);
            }
        }
        Answer {
            status,
            content_type: problem::CONTENT_TYPE,
            body: body.to_string().into_bytes(),
            allow: self.allow,
        }
    }
}
