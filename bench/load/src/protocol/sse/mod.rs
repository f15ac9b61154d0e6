//! Server-sent events: a stream that is held open, its events with the time of their arrival.

mod parser;
#[cfg(test)]
mod tests;

pub use parser::{Event, MAX_EVENT_BYTES, Parser};

use super::{Body, Connection, Streaming};
use crate::Failure;
use http::{
    HeaderValue, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

const MEDIA_TYPE: &str = "text/event-stream";
/// As much of a refusal as goes into a failure's detail.
const EXCERPT_BYTES: usize = 200;

/// An open event stream. To drop it closes it.
pub struct EventStream {
    body: Streaming,
    parser: Parser,
    events: VecDeque<Event>,
    over: bool,
}

impl EventStream {
    /// Sends the request, which need not say what it accepts; `timeout` covers the answer's head.
    ///
    /// # Errors
    /// Those of [`Connection::send_streaming`]; `status` where the answer is not 200, `header` where it is no event stream.
    pub async fn open(
        connection: &mut Connection,
        mut request: Request<Body>,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let accept = request.headers_mut().entry(ACCEPT);
        accept.or_insert(HeaderValue::from_static(MEDIA_TYPE));
        let mut body = connection.send_streaming(request, timeout).await?;
        if body.status != StatusCode::OK {
            return Err(refusal(&mut body, timeout).await);
        }
        let media_type = body.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case(MEDIA_TYPE) {
            let detail = format!("Content-Type is {}, not {MEDIA_TYPE}", media_type.unwrap_or("missing"));
            return Err(Failure::new("header", detail));
        }
        // What is held open for long should hold no more than it needs.
        body.headers = http::HeaderMap::new();
        Ok(Self {
            body,
            parser: Parser::default(),
            events: VecDeque::new(),
            over: false,
        })
    }

    /// The next event; `None` once the server has ended the stream properly. It may be given up and asked again: no event
    /// is lost.
    ///
    /// # Errors
    /// `truncated` where the connection breaks, or the stream ends within an event; `protocol` where it is no event stream.
    /// The stream is over then.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// See [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Failure>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(Ok(Some(event)));
            }
            if self.over {
                return Poll::Ready(Ok(None));
            }
            let fed = match ready!(self.body.poll_next(cx)) {
                Some(Ok(chunk)) => self.parser.feed(&chunk, Instant::now(), &mut self.events),
                Some(Err(failure)) => Err(failure),
                None if self.parser.is_between_events() => {
                    self.over = true;
                    Ok(())
                }
                None => Err(Failure::new("truncated", "the event stream ended within an event")),
            };
            if let Err(failure) = fed {
                self.over = true;
                return Poll::Ready(Err(failure));
            }
        }
    }

    /// Comments so far; servers send them as heartbeats.
    pub fn comments(&self) -> u64 {
        self.parser.comments()
    }

    /// When to come back after the stream's end, as the server last said.
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }
}

async fn refusal(body: &mut Streaming, timeout: Duration) -> Failure {
    let mut text = Vec::new();
    let _ = tokio::time::timeout(timeout, async {
        while let Some(Ok(chunk)) = body.next().await
            && text.len() < EXCERPT_BYTES
        {
            text.extend_from_slice(&chunk);
        }
    })
    .await;
    text.truncate(EXCERPT_BYTES);
    Failure::new(
        "status",
        format!("{}, not 200: {}", body.status, String::from_utf8_lossy(&text)),
    )
}
