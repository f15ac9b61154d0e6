//! Where events go and what a consumer wants.

use std::time::Duration;

/// How a service reaches the bus, and under which name.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `amqp://user:password@host:port[/vhost]`; without a vhost it is `/`.
    pub amqp_url: String,
    /// The topic exchange; declared durable by whoever comes first.
    pub exchange: String,
    /// The service's name: `posts` makes the events' `source` `/posts`.
    pub service: String,
}

impl Settings {
    /// Settings out of their parts.
    pub fn new(amqp_url: impl Into<String>, exchange: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            amqp_url: amqp_url.into(),
            exchange: exchange.into(),
            service: service.into(),
        }
    }
}

/// What a consumer wants to hear, and how hard it tries.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The queue's name, and the consumer's in `processed_events`; dead letters go to `<queue>.dead`.
    ///
    /// One a service (`comments`), or `<service>.<purpose>` where it needs several.
    pub queue: String,
    /// Routing keys of the topic exchange; `*` stands for one word, `#` for any number.
    pub keys: Vec<String>,
    /// Most unacknowledged deliveries at this instance. They are handled one after the other all the same.
    pub prefetch: u16,
    /// How often a transient failure is tried, the first time included, until the event becomes a dead letter.
    pub max_attempts: u32,
    /// The pause after the first failure; it doubles up to 5 s.
    pub first_pause: Duration,
    /// Longest run of the handler; longer counts as a transient failure.
    pub handler_timeout: Duration,
}

impl Subscription {
    /// A subscription with the usual bounds: 16 deliveries ahead, 5 attempts from 200 ms on, 20 s each.
    pub fn new<K: Into<String>>(queue: impl Into<String>, keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            queue: queue.into(),
            keys: keys.into_iter().map(Into::into).collect(),
            prefetch: 16,
            max_attempts: 5,
            first_pause: Duration::from_millis(200),
            handler_timeout: Duration::from_secs(20),
        }
    }

    /// The queue of what could not be handled.
    pub fn dead_queue(&self) -> String {
        format!("{}.dead", self.queue)
    }
}
