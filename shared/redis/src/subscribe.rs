//! Subscriptions that outlive their connection, and say so.

use crate::Redis;
use crate::commands::escape_glob;
use futures::{Stream, StreamExt};
use redis::Msg;
use redis::aio::PubSub;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// First and longest pause between attempts to connect; each is drawn from the upper half of the current one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long making the connection and subscribing may take.
const SETUP: Duration = Duration::from_secs(2);
/// A quiet connection is asked this often whether it lives, and has [`SETUP`] to answer.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Events that wait for a slow reader before Redis has to.
const WAITING: usize = 256;

/// What a subscription tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// All channels are subscribed: what is sent from now on arrives. Load a snapshot now.
    Subscribed,
    /// Something was published.
    Message {
        /// The channel, without the handle's prefix.
        channel: String,
        /// The payload; what is not UTF-8 in it is replaced.
        payload: String,
    },
    /// The connection is lost: messages may be missed until the next [`Event::Subscribed`].
    Lost,
}

/// The stream of a subscription. It never ends by itself; dropping it ends the subscription.
#[derive(Debug)]
pub struct Events {
    waiting: mpsc::Receiver<Event>,
}

impl Events {
    /// The next event.
    pub async fn recv(&mut self) -> Option<Event> {
        self.waiting.recv().await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.waiting.poll_recv(context)
    }
}

impl Redis {
    /// Subscribes to `channels` and to glob `patterns`, on a connection of its own that is made again when it is lost.
    ///
    /// Redis may be away; the first event is then late. [`Event::Lost`] comes only after an [`Event::Subscribed`].
    /// Must be called within a tokio runtime.
    pub fn subscribe(&self, channels: &[&str], patterns: &[&str]) -> Events {
        let (sender, waiting) = mpsc::channel(WAITING);
        let own = escape_glob(self.prefix());
        let wanted = Wanted {
            redis: self.clone(),
            channels: channels.iter().map(|channel| self.key(channel)).collect(),
            patterns: patterns.iter().map(|pattern| format!("{own}{pattern}")).collect(),
        };
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = wanted.keep(&sender) => {}
            }
        });
        Events { waiting }
    }
}

/// A subscription as asked for.
struct Wanted {
    redis: Redis,
    channels: Vec<String>,
    patterns: Vec<String>,
}

impl Wanted {
    /// Connects, forwards, and begins again, until nobody listens.
    async fn keep(&self, sender: &mpsc::Sender<Event>) {
        let mut pause = PAUSES.0;
        loop {
            match tokio::time::timeout(SETUP, self.open()).await {
                Ok(Ok(connection)) => {
                    pause = PAUSES.0;
                    if sender.send(Event::Subscribed).await.is_err() || !self.forward(connection, sender).await {
                        return;
                    }
                    tracing::warn!(channels = ?self.channels, "the subscription is lost");
                    if sender.send(Event::Lost).await.is_err() {
                        return;
                    }
                }
                Ok(Err(error)) => tracing::debug!(%error, "cannot subscribe"),
                Err(_) => tracing::debug!("subscribing took too long"),
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn open(&self) -> redis::RedisResult<PubSub> {
        let mut connection = self.redis.client().get_async_pubsub().await?;
        if !self.channels.is_empty() {
            connection.subscribe(&self.channels).await?;
        }
        if !self.patterns.is_empty() {
            connection.psubscribe(&self.patterns).await?;
        }
        Ok(connection)
    }

    /// Forwards until the connection is lost (true) or nobody listens (false).
    async fn forward(&self, connection: PubSub, sender: &mpsc::Sender<Event>) -> bool {
        let (mut sink, mut messages) = connection.split();
        let mut ask = tokio::time::interval_at(tokio::time::Instant::now() + ASK_EVERY, ASK_EVERY);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    None => return true,
                    Some(message) => {
                        if let Some(event) = self.event(&message)
                            && sender.send(event).await.is_err()
                        {
                            return false;
                        }
                    }
                },
                _ = ask.tick() => {
                    let answer = tokio::time::timeout(SETUP, sink.ping::<redis::Value>()).await;
                    if !matches!(answer, Ok(Ok(_))) {
                        return true;
                    }
                }
            }
        }
    }

    fn event(&self, message: &Msg) -> Option<Event> {
        let channel = message.get_channel_name().strip_prefix(self.redis.prefix())?;
        let payload = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
        Some(Event::Message {
            channel: channel.to_owned(),
            payload,
        })
    }
}

/// A pause between half of `pause` and all of it, so that many clients do not come back at once.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    // Each `RandomState` has other keys: random enough to spread out.
    let random = RandomState::new().hash_one(0_u8) % 1_000;
    pause / 2 + pause.mul_f64(random as f64 / 2_000.0)
}
