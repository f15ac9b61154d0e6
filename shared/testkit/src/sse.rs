//! Reading server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::time::Duration;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// `event:`; empty if the server named none.
    pub event: String,
    /// `data:`, several lines joined.
    pub data: String,
    /// `id:`; empty if there was none.
    pub id: String,
}

impl SseEvent {
    /// The data as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// A stream of events; dropping it closes the connection.
#[derive(Debug)]
pub struct SseStream {
    body: Incoming,
    waiting: String,
}

impl SseStream {
    pub(crate) fn new(body: Incoming) -> Self {
        Self {
            body,
            waiting: String::new(),
        }
    }

    /// The next event; comments and retry hints are skipped. `None` when the server ends the stream.
    ///
    /// # Panics
    /// If none comes within `deadline`.
    pub async fn next(&mut self, deadline: Duration) -> Option<SseEvent> {
        tokio::time::timeout(deadline, self.read())
            .await
            .expect("an event in time")
    }

    async fn read(&mut self) -> Option<SseEvent> {
        loop {
            while let Some(end) = self.waiting.find("\n\n") {
                let block: String = self.waiting.drain(..end + 2).collect();
                if let Some(event) = parse(&block) {
                    return Some(event);
                }
            }
            let frame = self.body.frame().await?.ok()?;
            if let Some(data) = frame.data_ref() {
                self.waiting
                    .push_str(&String::from_utf8_lossy(data).replace("\r\n", "\n"));
            }
        }
    }
}

fn parse(block: &str) -> Option<SseEvent> {
    let mut event = SseEvent::default();
    let mut data: Vec<&str> = Vec::new();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => event.event = value.to_owned(),
            "id" => event.id = value.to_owned(),
            "data" => data.push(value),
            _ => {}
        }
    }
    event.data = data.join("\n");
    (!data.is_empty()).then_some(event)
}
