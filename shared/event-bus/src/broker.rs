//! A connection to RabbitMQ, and publishing with confirms.

use crate::Settings;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind, PublisherConfirm};
use shared_contracts::event::{CONTENT_TYPE, CloudEvent};
use std::time::Duration;

/// Longest time for connecting and declaring.
const SETUP: Duration = Duration::from_secs(10);
/// Longest wait for a confirm.
const CONFIRM: Duration = Duration::from_secs(5);
/// A silent peer is noticed after two of these, in seconds.
const HEARTBEAT: u16 = 10;
/// `delivery_mode` of a message that outlives the broker's restart (AMQP 0-9-1).
const PERSISTENT: u8 = 2;

/// What went wrong with RabbitMQ.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokerError {
    #[error("the AMQP URL cannot be read: {0}")]
    Url(String),
    #[error(transparent)]
    Amqp(#[from] lapin::Error),
    #[error("{0} took too long")]
    TimedOut(&'static str),
    #[error("the connection or the queue is gone")]
    Ended,
    #[error("RabbitMQ refused the message")]
    Refused,
    #[error("the event has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

/// A connection and its one channel, in confirm mode, with the exchange declared.
pub(crate) struct Broker {
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Broker {
    pub(crate) async fn open(settings: &Settings, purpose: &str) -> Result<Self, BrokerError> {
        let opened = tokio::time::timeout(SETUP, Self::open_unbounded(settings, purpose));
        opened
            .await
            .unwrap_or(Err(BrokerError::TimedOut("connecting to RabbitMQ")))
    }

    async fn open_unbounded(settings: &Settings, purpose: &str) -> Result<Self, BrokerError> {
        let mut uri: AMQPUri = settings.amqp_url.parse().map_err(BrokerError::Url)?;
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let name = format!("{} {purpose}", settings.service);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connect_uri(uri, properties).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..Default::default()
        };
        let exchange = settings.exchange.as_str().into();
        channel
            .exchange_declare(exchange, ExchangeKind::Topic, durable, FieldTable::default())
            .await?;
        Ok(Self { connection, channel })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Says goodbye, as far as the peer lets us.
    pub(crate) async fn close(self) {
        let goodbye = self.connection.close(200, "bye".into());
        if !matches!(tokio::time::timeout(Duration::from_secs(1), goodbye).await, Ok(Ok(()))) {
            tracing::debug!("RabbitMQ did not say goodbye");
        }
    }

    /// Sends an event; whether it arrived is told by [`confirmed`].
    pub(crate) async fn send(
        &self,
        exchange: &str,
        event: &CloudEvent,
        traceparent: Option<&str>,
    ) -> Result<PublisherConfirm, BrokerError> {
        let mut headers = FieldTable::default();
        if let Some(traceparent) = traceparent {
            headers.insert("traceparent".into(), AMQPValue::LongString(traceparent.into()));
        }
        let properties = BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.id.to_string().into())
            .with_type(event.kind.as_str().into())
            .with_headers(headers);
        let body = serde_json::to_vec(event)?;
        self.send_raw(exchange.into(), event.kind.as_str().into(), &body, properties)
            .await
    }

    /// Sends bytes as they are. An unroutable message comes back with its confirm.
    pub(crate) async fn send_raw(
        &self,
        exchange: ShortString,
        key: ShortString,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<PublisherConfirm, BrokerError> {
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let sent = self.channel.basic_publish(exchange, key, mandatory, body, properties);
        // Writing can stall for as long as RabbitMQ has no memory or disk left.
        Ok(tokio::time::timeout(CONFIRM, sent)
            .await
            .map_err(|_| BrokerError::TimedOut("publishing"))??)
    }
}

/// Waits until RabbitMQ has the message in its queues; false if no queue wanted it.
pub(crate) async fn confirmed(confirm: PublisherConfirm) -> Result<bool, BrokerError> {
    match tokio::time::timeout(CONFIRM, confirm).await {
        Ok(Ok(Confirmation::Ack(returned))) => Ok(returned.is_none()),
        Ok(Ok(Confirmation::Nack(_) | Confirmation::NotRequested)) => Err(BrokerError::Refused),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(BrokerError::TimedOut("the confirm")),
    }
}

/// Properties of a message that is kept: persistent, with these headers.
pub(crate) fn kept(properties: BasicProperties, headers: FieldTable) -> BasicProperties {
    properties.with_delivery_mode(PERSISTENT).with_headers(headers)
}
