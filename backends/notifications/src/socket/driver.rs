//! The way between instances: Redis pub/sub that outlives its connection.
//!
//! The drivers that come with the adapter hold one connection and need it at the start; when it dies they are deaf and
//! each broadcast fails before it reaches even the local sockets. This one stands on `shared_redis`: subscriptions come
//! back by themselves, and what is published waits in a short queue of its own, so that local sockets wait for nothing.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use shared_redis::{Event, Events, Redis, RedisError, redis::cmd};
use socketioxide_redis::drivers::{ChanItem, Driver, MessageStream};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::AbortHandle, time::Instant};

/// Messages to other instances that wait while Redis is away; more are dropped.
const MAX_QUEUED: usize = 1_024;
/// How long one may wait. Notifications are stored: a push that is much too late helps nobody.
const PATIENCE: Duration = Duration::from_secs(10);
/// From one failed attempt to the next.
const RETRY: Duration = Duration::from_millis(200);

/// The adapter's driver. Payloads travel as base64, since the handle's messages are text.
#[derive(Clone)]
pub struct RedisBus {
    redis: Redis,
    queue: mpsc::Sender<Queued>,
    listeners: Arc<Mutex<HashMap<String, AbortHandle>>>,
}

impl RedisBus {
    /// A driver over `redis`, which may be away.
    pub(super) fn new(redis: Redis) -> Self {
        let (queue, queued) = mpsc::channel(MAX_QUEUED);
        tokio::spawn(publish_all(redis.clone(), queued));
        Self {
            redis,
            queue,
            listeners: Arc::default(),
        }
    }

    fn replace(&self, channel: String, listener: Option<AbortHandle>) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let former = match listener {
            Some(listener) => listeners.insert(channel, listener),
            None => listeners.remove(&channel),
        };
        if let Some(former) = former {
            former.abort();
        }
    }
}

impl Driver for RedisBus {
    type Error = RedisError;

    async fn publish(&self, chan: String, val: Vec<u8>) -> Result<(), RedisError> {
        let queued = Queued {
            channel: chan,
            payload: BASE64.encode(val),
            since: Instant::now(),
        };
        // An error would keep the adapter from serving its own sockets.
        if self.queue.try_send(queued).is_err() {
            tracing::debug!("too much waits for Redis; other instances miss a push");
        }
        Ok(())
    }

    async fn subscribe(&self, chan: String, size: usize) -> Result<MessageStream<ChanItem>, RedisError> {
        let events = self.redis.subscribe(&[&chan], &[]);
        let (sender, receiver) = mpsc::channel(size);
        let listener = tokio::spawn(forward(events, sender));
        self.replace(chan, Some(listener.abort_handle()));
        Ok(MessageStream::new(receiver))
    }

    async fn unsubscribe(&self, chan: String) -> Result<(), RedisError> {
        self.replace(chan, None);
        Ok(())
    }

    async fn num_serv(&self, chan: &str) -> Result<u16, RedisError> {
        let mut ask = cmd("PUBSUB");
        ask.arg("NUMSUB").arg(self.redis.key(chan));
        let (_, count): (String, u16) = self.redis.query(&ask).await?;
        Ok(count)
    }
}

/// A message on its way to other instances.
struct Queued {
    channel: String,
    payload: String,
    since: Instant,
}

/// Publishes in order, each until Redis took it or its time is over; ends with the driver.
async fn publish_all(redis: Redis, mut queued: mpsc::Receiver<Queued>) {
    while let Some(Queued {
        channel,
        payload,
        since,
    }) = queued.recv().await
    {
        while let Err(error) = redis.publish(&channel, &payload).await {
            if since.elapsed() > PATIENCE {
                tracing::debug!(%error, "other instances miss a push");
                break;
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Hands on what other instances send, until the adapter is gone.
async fn forward(mut events: Events, sender: mpsc::Sender<ChanItem>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Message { channel, payload } => match BASE64.decode(payload) {
                Ok(item) => {
                    if sender.send((channel, item)).await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::warn!(%error, channel, "a message between instances could not be read"),
            },
            Event::Subscribed => tracing::debug!("other instances can be heard"),
            Event::Lost => tracing::warn!("other instances cannot be heard; their pushes are missed here"),
        }
    }
}
