//! An event stream that is opened, listened to and closed.

use super::{Head, Place, Whither};
use crate::{
    Failure,
    journey::{
        Client,
        expect::Content,
        template::{CompileError, Memory, Scope, Template},
    },
    protocol::{Body, Connection, engine_io::cookies::Cookies, sse::EventStream},
    scenario::{named::Named, step},
};
use std::time::Duration;

/// An event stream, ready to be opened.
pub(crate) struct SseAct {
    opening: Opening,
    count: u64,
    name: Option<String>,
    content: Content,
}

/// The request for a stream.
pub(crate) struct Opening {
    place: Place,
    head: Head,
}

impl Opening {
    pub(crate) fn new(
        path: &Template,
        headers: &Named<Template>,
        prefix: &str,
        scope: &Scope<'_>,
    ) -> Result<Self, CompileError> {
        Ok(Self {
            place: Place::new(path, prefix, scope)?,
            head: Head::new(headers, scope)?,
        })
    }

    /// Opens it over a connection of its own, as browsers do.
    pub(crate) async fn open(
        &self,
        memory: &mut Memory,
        cookies: Option<&Cookies>,
        whither: &Whither,
        timeout: Duration,
    ) -> Result<EventStream, Failure> {
        let mut request = http::Request::new(Body::empty());
        *request.uri_mut() = self.place.uri(memory)?;
        self.head.write(request.headers_mut(), memory, cookies)?;
        let mut connection = Connection::open(&whither.requests).await?;
        EventStream::open(&mut connection, request, timeout).await
    }
}

impl SseAct {
    pub(crate) fn new(sse: &step::Sse, prefix: &str, scope: &Scope<'_>) -> Result<Self, CompileError> {
        Ok(Self {
            opening: Opening::new(&sse.path, &sse.headers, prefix, scope)?,
            count: sse.events.count,
            name: sse.events.name.clone(),
            content: Content::new(&sse.events.expect, &[], scope)?,
        })
    }

    /// The bytes of the events' data.
    pub(crate) async fn perform(&self, client: &mut Client, timeout: Duration) -> Result<u64, Failure> {
        let mut heard = 0;
        match tokio::time::timeout(timeout, self.listen(client, timeout, &mut heard)).await {
            Ok(result) => result,
            Err(_) => {
                let detail = format!("{heard} of {} events within {timeout:?}", self.count);
                Err(Failure::new("timeout", detail))
            }
        }
    }

    async fn listen(&self, client: &mut Client, timeout: Duration, heard: &mut u64) -> Result<u64, Failure> {
        let Client {
            memory,
            cookies,
            whither,
            ..
        } = client;
        let mut stream = self.opening.open(memory, cookies.as_ref(), whither, timeout).await?;
        let mut bytes = 0;
        while *heard < self.count {
            let early = || {
                Failure::new(
                    "truncated",
                    format!("the stream ended after {heard} of {} events", self.count),
                )
            };
            let event = stream.next().await?.ok_or_else(early)?;
            if self.name.as_ref().is_some_and(|name| *name != event.name) {
                continue;
            }
            bytes += event.data.len() as u64;
            self.content.judge(event.data.as_bytes(), memory)?;
            *heard += 1;
        }
        Ok(bytes)
    }
}
