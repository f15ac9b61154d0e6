//! The requests of a session: where to, with which headers, and what a right answer is.

use super::{Options, cookies::Cookies};
use crate::{
    Failure,
    protocol::{
        Answer, Body, Connector,
        websocket::{Opening, WebSocket},
    },
};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use std::{fmt::Write, rc::Rc};

/// As much of a wrong answer as goes into a failure's detail.
const EXCERPT_BYTES: usize = 200;

/// A server, and what this session knows of itself.
pub(super) struct Site {
    pub(super) connector: Connector,
    pub(super) options: Rc<Options>,
    cookies: Cookies,
    sid: Option<String>,
}

impl Site {
    pub(super) fn new(connector: Connector, options: Rc<Options>) -> Self {
        Self {
            connector,
            options,
            cookies: Cookies::default(),
            sid: None,
        }
    }

    /// From now on requests name the session.
    pub(super) fn join(&mut self, sid: &str) {
        self.sid = Some(sid.to_owned());
    }

    fn path(&self, transport: &str) -> String {
        let mut path = format!(
            "{}/?EIO=4&transport={transport}",
            self.options.path.trim_end_matches('/')
        );
        // Writing to a string cannot fail.
        if !self.options.query.is_empty() {
            let _ = write!(path, "&{}", self.options.query);
        }
        if transport == "polling" {
            // Polls must not come from a cache.
            let _ = write!(path, "&t={:x}", rand::random::<u32>());
        }
        if let Some(sid) = &self.sid {
            let _ = write!(path, "&sid={sid}");
        }
        path
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.options.headers.clone();
        self.cookies.add_to(&mut headers);
        headers
    }

    /// A poll without a payload, a post with one.
    pub(super) fn request(&self, payload: Option<String>) -> Result<Request<Body>, Failure> {
        let method = if payload.is_some() { Method::POST } else { Method::GET };
        let mut headers = self.headers();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if payload.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
        }
        let body = payload.map_or_else(Body::empty, Body::from);
        let request = Request::builder().method(method).uri(self.path("polling"));
        let mut request = request
            .body(body)
            .map_err(|error| Failure::new("connect", format!("{}: {error}", self.options.path)))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The text of a right answer; its cookies are kept.
    pub(super) fn read(&mut self, answer: &Answer) -> Result<String, Failure> {
        self.cookies.keep(&answer.headers);
        let excerpt = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(EXCERPT_BYTES)]).into_owned();
        if answer.status != StatusCode::OK {
            return Err(Failure::new(
                "status",
                format!("{}, not 200: {}", answer.status, excerpt()),
            ));
        }
        let text = str::from_utf8(&answer.body);
        text.map(str::to_owned)
            .map_err(|_| Failure::new("protocol", format!("a payload that is not UTF-8: {}", excerpt())))
    }

    /// Opens a WebSocket to the session, or to a new one.
    pub(super) async fn websocket(&mut self) -> Result<WebSocket, Failure> {
        let opening = self.opening();
        let mut socket = WebSocket::open(&self.connector, &opening, self.options.timeout).await?;
        self.cookies.keep(&socket.take_headers());
        Ok(socket)
    }

    pub(super) fn opening(&self) -> Opening {
        Opening {
            path: self.path("websocket"),
            headers: self.headers(),
            subprotocols: Vec::new(),
        }
    }
}
