//! One subscription.

use super::{Kind, Prepared, board::Ear};
use crate::{
    Failure,
    journey::{
        act::{Session, Whither},
        template::Memory,
    },
    protocol::{sse::EventStream, websocket::Data},
};
use std::time::{Duration, Instant};

/// How long opening one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open subscription.
pub(super) struct Subscriber<'a> {
    stream: &'a Prepared,
    channel: Channel,
    pub(super) ear: Ear,
}

enum Channel {
    Events(EventStream),
    Session(Session),
}

impl<'a> Subscriber<'a> {
    /// Opens it, and says what is to be said.
    pub(super) async fn open(stream: &'a Prepared, memory: &mut Memory, whither: &Whither) -> Result<Self, Failure> {
        let opened = tokio::time::timeout(PATIENCE, Self::channel(stream, memory, whither));
        let late = |_| Failure::new("timeout", format!("not open within {PATIENCE:?}"));
        let channel = opened.await.map_err(late)??;
        let topic = stream
            .topic
            .as_ref()
            .map(|topic| topic.bytes(memory))
            .unwrap_or_default();
        let ear = stream.board.subscribe(&topic);
        Ok(Self { stream, channel, ear })
    }

    async fn channel(stream: &Prepared, memory: &mut Memory, whither: &Whither) -> Result<Channel, Failure> {
        match &stream.kind {
            Kind::Sse(opening) => opening.open(memory, None, whither, PATIENCE).await.map(Channel::Events),
            Kind::Talk(line, said) => {
                let mut session = line.open_for(memory, whither, PATIENCE).await?;
                session.talk(said, memory).await?;
                Ok(Channel::Session(session))
            }
        }
    }

    /// The next event of the name that counts: its data, and when it arrived.
    ///
    /// # Errors
    /// Why the subscription is over, be it by the server's will.
    pub(super) async fn next(&mut self) -> Result<(Vec<u8>, Instant), Failure> {
        let counts = |name: &str| self.stream.event.as_ref().is_none_or(|wanted| wanted == name);
        loop {
            match &mut self.channel {
                Channel::Events(events) => {
                    let ended = || Failure::new("closed", "the server ended the stream");
                    let event = events.next().await?.ok_or_else(ended)?;
                    if counts(&event.name) {
                        return Ok((event.data.into_bytes(), event.at));
                    }
                }
                Channel::Session(Session::WebSocket(socket)) => {
                    let message = socket.next().await?;
                    let data = match message.data {
                        Data::Text(text) => text.as_bytes().to_vec(),
                        Data::Binary(bytes) => bytes.to_vec(),
                    };
                    return Ok((data, message.at));
                }
                Channel::Session(Session::SocketIo(session)) => {
                    let event = session.next().await?;
                    if counts(&event.name) {
                        let data =
                            serde_json::to_vec(&event.args).map_err(|error| Failure::new("json", error.to_string()))?;
                        return Ok((data, event.at));
                    }
                }
            }
        }
    }
}
