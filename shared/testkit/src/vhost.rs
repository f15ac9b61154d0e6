//! A RabbitMQ vhost for one test, made and looked into through the management API.

use crate::{Answer, Client, blocking, env};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use shared_contracts::event::{CONTENT_TYPE, CloudEvent};

/// A fresh vhost, deleted with this guard.
#[derive(Debug)]
pub struct TestVhost {
    name: String,
    url: String,
    admin: Client,
}

/// A message out of a queue.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// Its body.
    pub payload: String,
    /// Its routing key.
    pub routing_key: String,
    /// Its properties, headers among them, as the management API shows them.
    pub properties: Value,
}

impl Message {
    /// The body as an event.
    ///
    /// # Panics
    /// If it is none.
    pub fn event(&self) -> CloudEvent {
        serde_json::from_str(&self.payload).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.properties["headers"][name].as_str()
    }
}

impl TestVhost {
    /// Creates the vhost at `TEST_AMQP_ADMIN_URL`.
    ///
    /// # Panics
    /// If that fails.
    pub async fn new() -> Self {
        let name = env::unique("test");
        let url = format!("{}/{name}", env::variable("TEST_AMQP_URL").trim_end_matches('/'));
        let (admin, user) = admin();
        call(&admin, Method::PUT, &format!("/api/vhosts/{name}"), &json!({})).await;
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        call(&admin, Method::PUT, &format!("/api/permissions/{name}/{user}"), &all).await;
        Self { name, url, admin }
    }

    /// Its address, for `AMQP_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Publishes an event, as its service's relay would; true if a queue wanted it.
    ///
    /// # Panics
    /// If that fails, for example because the exchange does not exist yet.
    pub async fn publish(&self, exchange: &str, event: &CloudEvent) -> bool {
        let body = serde_json::to_string(event).expect("an event as JSON");
        self.publish_raw(exchange, &event.kind, &body).await
    }

    /// Publishes any text; true if a queue wanted it.
    ///
    /// # Panics
    /// As [`TestVhost::publish`].
    pub async fn publish_raw(&self, exchange: &str, key: &str, body: &str) -> bool {
        let properties = json!({ "content_type": CONTENT_TYPE, "delivery_mode": 2 });
        let message = json!({
            "properties": properties, "routing_key": key, "payload": body, "payload_encoding": "string",
        });
        let path = format!("/api/exchanges/{}/{exchange}/publish", self.name);
        call(&self.admin, Method::POST, &path, &message).await.json()["routed"] == true
    }

    /// Takes up to 100 messages out of a queue; none if it does not exist.
    ///
    /// # Panics
    /// If the management API fails.
    pub async fn take(&self, queue: &str) -> Vec<Message> {
        let path = format!("/api/queues/{}/{queue}/get", self.name);
        let wanted = json!({ "count": 100, "ackmode": "ack_requeue_false", "encoding": "auto" });
        let body = wanted.to_string().into();
        let answer = self
            .admin
            .send(Method::POST, &path, Some("application/json"), body)
            .await;
        if answer.status == 404 {
            Vec::new()
        } else {
            answer.expect_status(200).parse()
        }
    }

    /// Declares a durable queue bound to `keys` of the topic exchange (which is declared, too), to listen in a test.
    ///
    /// # Panics
    /// If the management API fails.
    pub async fn listen(&self, exchange: &str, queue: &str, keys: &[&str]) {
        let durable = json!({ "type": "topic", "durable": true });
        call(
            &self.admin,
            Method::PUT,
            &format!("/api/exchanges/{}/{exchange}", self.name),
            &durable,
        )
        .await;
        let durable = json!({ "durable": true });
        call(
            &self.admin,
            Method::PUT,
            &format!("/api/queues/{}/{queue}", self.name),
            &durable,
        )
        .await;
        for key in keys {
            let path = format!("/api/bindings/{}/e/{exchange}/q/{queue}", self.name);
            call(&self.admin, Method::POST, &path, &json!({ "routing_key": key })).await;
        }
    }
}

impl Drop for TestVhost {
    fn drop(&mut self) {
        let path = format!("/api/vhosts/{}", self.name);
        blocking::run("deleting the test's vhost", async move {
            let (admin, _) = admin();
            call(&admin, Method::DELETE, &path, &json!({})).await;
            Ok(())
        });
    }
}

/// A client of the management API, and the user it is.
fn admin() -> (Client, String) {
    let url = url::Url::parse(&env::variable("TEST_AMQP_ADMIN_URL")).expect("TEST_AMQP_ADMIN_URL is a URL");
    let (host, port) = (
        url.host_str().expect("a host"),
        url.port_or_known_default().expect("a port"),
    );
    let user = if url.username().is_empty() {
        "guest"
    } else {
        url.username()
    };
    let basic = STANDARD.encode(format!("{user}:{}", url.password().unwrap_or("guest")));
    let client = Client::new(format!("{host}:{port}")).header("authorization", &format!("Basic {basic}"));
    (client, user.to_owned())
}

async fn call(admin: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let answer = admin
        .send(method, path, Some("application/json"), body.to_string().into())
        .await;
    assert!(
        (200..300).contains(&answer.status),
        "the management API: {path}: {answer:?}"
    );
    answer
}
