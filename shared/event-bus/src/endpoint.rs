//! A service that both says and hears.

use crate::{Bus, Consumer, Handler, Relay, Settings, Subscription};
use shared_postgres::Pool;

/// Both ends of a service on the bus: the relay of its outbox and the consumer of what it listens to.
#[derive(Debug)]
#[must_use = "dropping it ends both"]
pub struct Endpoint {
    relay: Relay,
    consumer: Consumer,
}

impl Endpoint {
    /// Starts both. Database and RabbitMQ may be away.
    pub fn spawn<H: Handler>(pool: Pool, settings: Settings, bus: Bus, subscription: Subscription, handler: H) -> Self {
        Self {
            relay: Relay::spawn(pool.clone(), settings.clone(), bus),
            consumer: Consumer::spawn(pool, settings, subscription, handler),
        }
    }

    /// Waits until the service hears events.
    pub async fn until_connected(&self) {
        self.consumer.until_connected().await;
    }

    /// Ends both after the work at hand.
    pub async fn shutdown(self) {
        tokio::join!(self.consumer.shutdown(), self.relay.shutdown());
    }
}
