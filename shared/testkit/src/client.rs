//! An HTTP client with a cookie jar, and with the headers that the edge would set.

use crate::{Answer, Multipart, ServiceTokens, SseStream};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use shared_contracts::header as names;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

type Jar = Arc<Mutex<BTreeMap<String, String>>>;

/// A client of one server. Clones share the cookies; [`Client::fresh`] does not.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    base: String,
    headers: HeaderMap,
    jar: Jar,
}

impl Client {
    /// A client of the server at `address` (`127.0.0.1:3001`), with no headers of its own.
    pub fn new(address: impl std::fmt::Display) -> Self {
        Self {
            http: Http::builder(TokioExecutor::new()).build_http(),
            base: format!("http://{address}"),
            headers: HeaderMap::new(),
            jar: Jar::default(),
        }
    }

    /// A client that a service takes for the edge: its token, a request id, the client's address 127.0.0.1.
    pub fn edge(address: impl std::fmt::Display, tokens: &ServiceTokens) -> Self {
        Self::new(address)
            .header(names::SERVICE_TOKEN, tokens.token("edge"))
            .header(names::REQUEST_ID, &uuid::Uuid::new_v4().to_string())
            .header(names::FORWARDED_FOR, "127.0.0.1")
            .header(names::FORWARDED_PROTO, "http")
            .header(names::FORWARDED_HOST, "localhost:8080")
    }

    /// A client that a service takes for another service, for `/internal/*`.
    pub fn peer(address: impl std::fmt::Display, tokens: &ServiceTokens, caller: &str) -> Self {
        Self::new(address).header(names::SERVICE_TOKEN, tokens.token(caller))
    }

    /// The same with the identity headers that the edge sets for a signed-in user, in a session of its own.
    #[must_use]
    pub fn as_user(&self, id: i64, name: &str) -> Self {
        self.fresh()
            .header(names::USER_ID, &id.to_string())
            .header(names::USER_NAME, name)
            .header(names::USER_ROLE, "user")
            .header(names::SESSION_ID, &uuid::Uuid::new_v4().to_string())
    }

    /// The same headers without the cookies.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self {
            jar: Jar::default(),
            ..self.clone()
        }
    }

    /// Sends this header each time; a second value replaces the first.
    ///
    /// # Panics
    /// If it is no header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header's name");
        self.headers
            .insert(name, HeaderValue::try_from(value).expect("a header's value"));
        self
    }

    /// A cookie as the server set it last.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Sets a cookie, as if the server had.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.into(), value.into());
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Bytes::new()).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, Bytes::new()).await
    }

    /// `POST` without a body.
    pub async fn post(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None, Bytes::new()).await
    }

    /// `POST` with JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some("application/json"), body.to_string().into())
            .await
    }

    /// `POST` of a form with files.
    pub async fn post_multipart(&self, path: &str, form: Multipart) -> Answer {
        let kind = form.content_type();
        self.send(Method::POST, path, Some(&kind), form.finish()).await
    }

    /// The GraphQL answer of `POST /graphql`: the object with `data` and perhaps `errors`.
    ///
    /// # Panics
    /// If the answer is not JSON.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        self.post_json("/graphql", &body).await.json()
    }

    /// Any request.
    ///
    /// # Panics
    /// If there is no answer within 30 s.
    pub async fn send(&self, method: Method, path: &str, content_type: Option<&str>, body: Bytes) -> Answer {
        let read = async {
            let response = self.begin(method, path, content_type, body).await;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("an answer in time")
    }

    /// `GET` of a stream of server-sent events.
    ///
    /// # Panics
    /// If the answer does not begin within 30 s, or is no such stream.
    pub async fn events(&self, path: &str) -> SseStream {
        let begin = self.begin(Method::GET, path, None, Bytes::new());
        let response = tokio::time::timeout(PATIENCE, begin).await.expect("an answer in time");
        assert_eq!(response.status(), 200, "{response:?}");
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        assert!(
            kind.is_some_and(|kind| kind.starts_with("text/event-stream")),
            "{response:?}"
        );
        SseStream::new(response.into_body())
    }

    async fn begin(&self, method: Method, path: &str, content_type: Option<&str>, body: Bytes) -> Response<Incoming> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.base).parse().expect("a path");
        *request.headers_mut() = self.headers.clone();
        if let Some(kind) = content_type {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, kind.parse().expect("a content type"));
        }
        if let Some(cookies) = self.cookies() {
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        let response = self.http.request(request).await.expect("an answer");
        self.keep_cookies(response.headers());
        response
    }

    fn cookies(&self) -> Option<HeaderValue> {
        let jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; ").parse().expect("cookies"))
    }

    /// Keeps name and value; paths and lifetimes do not matter to a test, but deletion does.
    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.jar.lock().unwrap_or_else(PoisonError::into_inner);
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie as text");
            let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if value.is_empty() || line.to_ascii_lowercase().contains("max-age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
