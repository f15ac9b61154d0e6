//! An HTTP request and its answer.

use super::{Head, Place};
use crate::{
    Failure,
    journey::{
        Client,
        digest::sha256,
        expect::{Seen, Verdict},
        template::{CompileError, Memory, Program, Scope, Variable},
    },
    protocol::{
        Body,
        multipart::{Form, Format},
    },
    scenario::{
        multipart::{Part, SizeRange},
        step,
    },
};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use rand::Rng;
use std::time::{Duration, Instant};

/// An HTTP request, ready to be sent.
pub(crate) struct RequestAct {
    method: Method,
    place: Place,
    head: Head,
    body: Content,
    verdict: Verdict,
}

enum Content {
    Empty,
    /// With a `Content-Type`, unless the scenario gives one or there should be none.
    Text(Program, Option<HeaderValue>),
    Multipart(Vec<(String, PartContent)>),
}

enum PartContent {
    Text(Program),
    File {
        format: Format,
        size: SizeRange,
        file_name: String,
        /// Where its hash is kept.
        sha256: Option<u16>,
    },
}

impl RequestAct {
    pub(crate) fn new(request: &step::Request, prefix: &str, scope: &Scope<'_>) -> Result<Self, CompileError> {
        Ok(Self {
            method: request.method.clone(),
            place: Place::new(&request.path, prefix, scope)?,
            head: Head::new(&request.headers, scope)?,
            body: Content::new(&request.body, scope)?,
            verdict: Verdict::new(&request.expect, &request.capture, scope)?,
        })
    }

    /// When it was sent, and the bytes of its right answer.
    pub(crate) async fn perform(&self, client: &mut Client, timeout: Duration) -> (Instant, Result<u64, Failure>) {
        let request = match self.build(client) {
            Ok(request) => request,
            Err(failure) => return (Instant::now(), Err(failure)),
        };
        let Some(connection) = &mut client.connection else {
            return (
                Instant::now(),
                Err(Failure::new("connect", "this client has no connection")),
            );
        };
        let answer = match connection.send(request, timeout).await {
            Ok(answer) => answer,
            Err(failure) => return (connection.last_sent(), Err(failure)),
        };
        if let Some(cookies) = &mut client.cookies {
            cookies.keep(&answer.headers);
        }
        let seen = Seen {
            status: answer.status,
            headers: &answer.headers,
            body: &answer.body,
        };
        let judged = self.verdict.judge(&seen, &mut client.memory);
        (answer.sent, judged.map(|()| answer.body.len() as u64))
    }

    fn build(&self, client: &mut Client) -> Result<http::Request<Body>, Failure> {
        let Client { memory, cookies, .. } = client;
        let (body, kind) = self.body.body(memory)?;
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.place.uri(memory)?;
        self.head.write(request.headers_mut(), memory, cookies.as_ref())?;
        if let Some(kind) = kind {
            request.headers_mut().entry(CONTENT_TYPE).or_insert(kind);
        }
        Ok(request)
    }
}

impl Content {
    fn new(body: &step::Body, scope: &Scope<'_>) -> Result<Self, CompileError> {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
        Ok(match body {
            step::Body::Empty => Self::Empty,
            step::Body::Json(json) => Self::Text(Program::json(json, scope)?, Some(JSON)),
            step::Body::Text(text) => Self::Text(Program::text(text, scope)?, None),
            step::Body::Form(fields) => Self::Text(Program::form(fields, scope)?, Some(FORM)),
            step::Body::Multipart(parts) => {
                let part = |(name, part): &(String, Part)| {
                    let content = match part {
                        Part::Text(text) => PartContent::Text(Program::text(text, scope)?),
                        Part::File {
                            format,
                            size,
                            file_name,
                            sha256,
                        } => PartContent::File {
                            format: *format,
                            size: *size,
                            file_name: file_name.clone(),
                            sha256: sha256.as_ref().map(|name| scope.slot(name)).transpose()?,
                        },
                    };
                    Ok((name.clone(), content))
                };
                Self::Multipart(parts.iter().map(part).collect::<Result<_, _>>()?)
            }
        })
    }

    fn body(&self, memory: &mut Memory) -> Result<(Body, Option<HeaderValue>), Failure> {
        match self {
            Self::Empty => Ok((Body::empty(), None)),
            Self::Text(program, kind) => Ok((Body::from(program.bytes(memory)), kind.clone())),
            Self::Multipart(parts) => {
                let form = parts
                    .iter()
                    .try_fold(Form::new(), |form, (name, part)| part.add_to(form, name, memory))?;
                let encoded = form.encode();
                Ok((encoded.body(), Some(encoded.content_type())))
            }
        }
    }
}

impl PartContent {
    /// Files are made anew for each upload, so that no target can tell that it has one already.
    fn add_to(&self, form: Form, name: &str, memory: &mut Memory) -> Result<Form, Failure> {
        match self {
            Self::Text(program) => Ok(form.text(name, String::from_utf8_lossy(&program.bytes(memory)))),
            Self::File {
                format,
                size,
                file_name,
                sha256: kept,
            } => {
                let bytes = memory.random.random_range(size.from..=size.to);
                let file = format.make(bytes, memory.random.random());
                let file = file.map_err(|error| Failure::new("protocol", error.to_string()))?;
                if let Some(slot) = kept {
                    memory.set(*slot, Variable::Text(sha256(file.chunks())));
                }
                Ok(form.file(name, file_name, format.content_type(), file))
            }
        }
    }
}
