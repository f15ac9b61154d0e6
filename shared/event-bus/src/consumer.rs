//! The consumer: stays connected, takes deliveries one after the other, acknowledges.

use crate::broker::{Broker, BrokerError, confirmed, kept};
use crate::pause::Pause;
use crate::process::{Processor, Verdict};
use crate::{Handler, Settings, Subscription, prune, topology};
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::{AMQPValue, FieldTable};
use shared_postgres::Pool;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// On shutdown, how long the delivery at hand may take; then it is left for another instance.
const GRACE: Duration = Duration::from_secs(10);
/// How often a running delivery checks that its connection lives.
const CHECK: Duration = Duration::from_secs(1);
/// Longest reason kept with a dead letter, in characters.
const REASON: usize = 1_000;

/// Consumes one queue in the background. Dropping the handle ends it, too.
#[derive(Debug)]
#[must_use = "dropping it ends the consumer"]
pub struct Consumer {
    stop: watch::Sender<bool>,
    connected: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Consumer {
    /// Starts it. Database and RabbitMQ may be away.
    pub fn spawn<H: Handler>(pool: Pool, settings: Settings, subscription: Subscription, handler: H) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, connected) = watch::channel(false);
        let processor = Processor {
            pool,
            subscription,
            handler,
        };
        let task = tokio::spawn(
            Work {
                processor,
                settings,
                stopped,
                tell,
            }
            .run(),
        );
        Self { stop, connected, task }
    }

    /// True while it consumes: the queue and its bindings exist, and events come in.
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Waits until it consumes.
    pub async fn until_connected(&self) {
        // An error means that the task is gone; then there is nothing to wait for.
        let _ = self.connected.clone().wait_for(|connected| *connected).await;
    }

    /// Ends it after the delivery at hand, or leaves that one to others after 10 s.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        if self.task.await.is_err() {
            tracing::error!("the consumer had crashed");
        }
    }
}

struct Work<H> {
    processor: Processor<H>,
    settings: Settings,
    stopped: watch::Receiver<bool>,
    tell: watch::Sender<bool>,
}

impl<H: Handler> Work<H> {
    async fn run(self) {
        let (pool, queue) = (self.processor.pool.clone(), self.processor.subscription.queue.clone());
        tokio::select! {
            () = self.stay_connected() => {}
            () = prune::keep_pruning(&pool, &queue) => {}
        }
    }

    async fn stay_connected(&self) {
        let queue = self.processor.subscription.queue.as_str();
        let mut pause = Pause::new(Duration::from_millis(100));
        let mut stopped = self.stopped.clone();
        let mut failing = false;
        while !is_stopped(&stopped) {
            let ended = self.consume(&mut pause).await;
            self.tell.send_replace(false);
            match ended {
                Ok(()) => return,
                Err(error) if !std::mem::replace(&mut failing, true) => {
                    tracing::warn!(%error, queue, "the consumer is disconnected");
                }
                Err(error) => tracing::debug!(%error, queue, "the consumer is still disconnected"),
            }
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause.next()) => {}
            }
        }
    }

    /// Consumes until told to stop.
    async fn consume(&self, pause: &mut Pause) -> Result<(), BrokerError> {
        let mut stopped = self.stopped.clone();
        let opened = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return Ok(()),
            opened = self.open() => opened,
        };
        let (broker, mut deliveries) = opened?;
        tracing::info!(queue = self.processor.subscription.queue, "consuming");
        pause.reset();
        self.tell.send_replace(true);
        loop {
            let delivery = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                delivery = deliveries.next() => delivery,
            };
            let Some(delivery) = delivery else {
                return Err(BrokerError::Ended);
            };
            if !self.settle(&broker, &delivery?).await? {
                break;
            }
        }
        // What was delivered ahead goes back to the queue with the connection.
        broker.close().await;
        Ok(())
    }

    async fn open(&self) -> Result<(Broker, lapin::Consumer), BrokerError> {
        let broker = Broker::open(&self.settings, "consumer").await?;
        let declared = topology::consume(&broker, &self.settings, &self.processor.subscription);
        let declared = tokio::time::timeout(GRACE, declared).await;
        let deliveries = declared.map_err(|_| BrokerError::TimedOut("declaring the queue"))??;
        Ok((broker, deliveries))
    }

    /// Handles one delivery and acknowledges it; false if it was left because of a shutdown.
    async fn settle(&self, broker: &Broker, delivery: &Delivery) -> Result<bool, BrokerError> {
        let verdict = tokio::select! {
            verdict = self.processor.process(delivery) => verdict,
            () = grace_over(self.stopped.clone()) => return Ok(false),
            // Without its connection the delivery cannot be acknowledged: it comes again, to whoever is there.
            () = lost(broker) => return Err(BrokerError::Ended),
        };
        if let Verdict::Dead(reason) = verdict {
            tracing::error!(reason, queue = self.processor.subscription.queue, "dead letter");
            self.bury(broker, delivery, &reason).await?;
        }
        delivery.ack(BasicAckOptions::default()).await?;
        Ok(true)
    }

    /// Puts the message into the dead letters' queue, with the reason; it must be there before the original goes.
    async fn bury(&self, broker: &Broker, delivery: &Delivery, reason: &str) -> Result<(), BrokerError> {
        let mut headers: FieldTable = delivery.properties.headers().clone().unwrap_or_default();
        let reason: String = reason.chars().take(REASON).collect();
        headers.insert("x-reason".into(), AMQPValue::LongString(reason.into()));
        let key = AMQPValue::LongString(delivery.routing_key.as_str().into());
        headers.insert("x-original-routing-key".into(), key);
        let properties = kept(delivery.properties.clone(), headers);
        let dead = self.processor.subscription.dead_queue();
        let sent = broker
            .send_raw("".into(), dead.into(), &delivery.data, properties)
            .await?;
        if confirmed(sent).await? {
            Ok(())
        } else {
            Err(BrokerError::Refused)
        }
    }
}

fn is_stopped(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow() || stopped.has_changed().is_err()
}

async fn grace_over(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
    tokio::time::sleep(GRACE).await;
}

async fn lost(broker: &Broker) {
    while broker.is_open() {
        tokio::time::sleep(CHECK).await;
    }
}
