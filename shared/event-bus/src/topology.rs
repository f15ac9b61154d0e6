//! A consumer's queue, its bindings, and where its dead letters go.

use crate::broker::{Broker, BrokerError};
use crate::{Settings, Subscription};
use lapin::options::{BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

/// Declares everything and starts to consume.
pub(crate) async fn consume(
    broker: &Broker,
    settings: &Settings,
    subscription: &Subscription,
) -> Result<lapin::Consumer, BrokerError> {
    let channel = &broker.channel;
    let queue = subscription.queue.as_str();
    let dead = subscription.dead_queue();
    channel
        .queue_declare(dead.as_str().into(), QueueDeclareOptions::durable(), quorum())
        .await?;
    let mut arguments = quorum();
    // For what RabbitMQ itself gives up; what the consumer gives up it sends there with the reason.
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(dead.into()));
    channel
        .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
        .await?;
    for key in &subscription.keys {
        let exchange = settings.exchange.as_str().into();
        let bound = channel.queue_bind(
            queue.into(),
            exchange,
            key.as_str().into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        bound.await?;
    }
    channel
        .basic_qos(subscription.prefetch, BasicQosOptions::default())
        .await?;
    let options = BasicConsumeOptions::default();
    Ok(channel
        .basic_consume(queue.into(), "".into(), options, FieldTable::default())
        .await?)
}

/// Arguments of a replicated queue.
fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}
