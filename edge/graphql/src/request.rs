//! HTTP in: GraphQL over HTTP, <https://graphql.github.io/graphql-over-http/draft/>.

use crate::error::{GraphqlError, Refusal};
use http::{HeaderMap, Method, header};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use shared_contracts::Code;
use std::collections::BTreeMap;
use std::fmt;

const ALLOW: &str = "GET, POST";

/// A request to `/graphql` as it came in. The caller has bounded `body` already.
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The query part of the target, without the question mark.
    pub query: Option<&'a str>,
    /// `Content-Type` and `Accept` are read.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// Variables as the client wrote them: they reach a subgraph byte for byte.
pub(crate) type Variables = BTreeMap<String, Box<RawValue>>;

/// The parameters of a GraphQL request.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    /// The document.
    pub(crate) query: String,
    /// Which of the document's operations.
    pub(crate) operation_name: Option<String>,
    /// Values for its variables.
    pub(crate) variables: Variables,
}

/// Reads the parameters out of a GET or a POST.
pub(crate) fn read(request: &HttpRequest<'_>) -> Result<Parameters, Refusal> {
    match *request.method {
        Method::GET => from_query(request.query.unwrap_or_default()),
        Method::POST => {
            // Only a JSON content type makes a browser ask before it sends a cross-site request.
            check_content_type(request.headers)?;
            from_body(request.body)
        }
        _ => Err(Refusal::method(ALLOW, "Use POST, or GET for queries.")),
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let utf8 = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if json && utf8 {
        return Ok(());
    }
    let message = "Send the request as application/json in UTF-8.";
    Err(Refusal::http(
        GraphqlError::new(Code::UnsupportedMediaType, message).field("Content-Type"),
    ))
}

fn from_query(query: &str) -> Result<Parameters, Refusal> {
    let mut members = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if members.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(bad(Code::BadRequest, "A parameter is given twice.", &name));
        }
    }
    let mut parameters = Parameters::default();
    let mut document = None;
    for (name, value) in members {
        match name.as_str() {
            "query" => document = Some(value),
            "operationName" => parameters.operation_name = Some(value).filter(|name| !name.is_empty()),
            "variables" => parameters.variables = json_map(&value, "variables")?,
            "extensions" => drop(json_map(&value, "extensions")?),
            _ => {
                return Err(bad(
                    Code::UnknownField,
                    "A GraphQL request has no such parameter.",
                    &name,
                ));
            }
        }
    }
    with_document(parameters, document)
}

fn from_body(body: &[u8]) -> Result<Parameters, Refusal> {
    let members = match serde_json::from_slice(body) {
        Ok(Body::Members(members)) => members,
        Ok(Body::Batch) => {
            let message = "Batches are not supported: send one operation a request.";
            return Err(Refusal::http(GraphqlError::new(Code::BadRequest, message)));
        }
        Ok(Body::Other) => {
            let message = "The body must be a JSON object.";
            return Err(Refusal::http(GraphqlError::new(Code::BadRequest, message)));
        }
        Ok(Body::Twice(name)) => return Err(bad(Code::BadRequest, "A member is given twice.", &name)),
        Err(error) => {
            let message = format!(
                "The body is not valid JSON (line {}, column {}).",
                error.line(),
                error.column()
            );
            return Err(Refusal::http(GraphqlError::new(Code::MalformedJson, message)));
        }
    };
    let mut parameters = Parameters::default();
    let mut document = None;
    for (name, value) in &members {
        match name.as_str() {
            "query" => document = json_string(value, name)?,
            "operationName" => parameters.operation_name = json_string(value, name)?,
            "variables" => parameters.variables = json_map(value.get(), name)?,
            "extensions" => drop(json_map(value.get(), name)?),
            _ => return Err(bad(Code::UnknownField, "A GraphQL request has no such member.", name)),
        }
    }
    with_document(parameters, document)
}

fn with_document(mut parameters: Parameters, document: Option<String>) -> Result<Parameters, Refusal> {
    match document {
        Some(document) if !document.trim().is_empty() => {
            parameters.query = document;
            Ok(parameters)
        }
        _ => Err(bad(Code::ValidationFailed, "Say in `query` what is wanted.", "query")),
    }
}

fn json_string(value: &RawValue, name: &str) -> Result<Option<String>, Refusal> {
    serde_json::from_str(value.get())
        .map_err(|_| bad(Code::ValidationFailed, &format!("`{name}` must be a string."), name))
}

fn json_map(text: &str, name: &str) -> Result<Variables, Refusal> {
    if text.trim().is_empty() {
        return Ok(Variables::new());
    }
    let map: Result<Option<Variables>, _> = serde_json::from_str(text);
    map.map(Option::unwrap_or_default).map_err(|_| {
        bad(
            Code::ValidationFailed,
            &format!("`{name}` must be a JSON object."),
            name,
        )
    })
}

fn bad(code: Code, message: &str, field: &str) -> Refusal {
    let field: String = field.chars().take(100).collect();
    Refusal::http(GraphqlError::new(code, message).field(field))
}

/// A body seen from outside: which kind of JSON, and an object's members unread.
enum Body {
    Members(BTreeMap<String, Box<RawValue>>),
    Twice(String),
    Batch,
    Other,
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut members = BTreeMap::new();
        let mut twice = None;
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            if members.insert(name.clone(), value).is_some() {
                twice = Some(name);
            }
        }
        Ok(twice.map_or(Body::Members(members), Body::Twice))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Body, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Body::Batch)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Body, E> {
        Ok(Body::Other)
    }
}
