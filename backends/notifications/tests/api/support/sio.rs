//! A small Socket.IO client over Engine.IO long-polling, enough to see each packet.
//!
//! Protocols: <https://socket.io/docs/v4/engine-io-protocol/> and <https://socket.io/docs/v4/socket-io-protocol/>.

use super::SOON;
use http::Method;
use serde_json::{Value, json};
use shared_testkit::Client;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

/// A connection.
pub(crate) struct Sio {
    client: Client,
    path: String,
    packets: mpsc::UnboundedReceiver<String>,
    reader: JoinHandle<()>,
    /// Events that came while something else was awaited.
    waiting: std::collections::VecDeque<(String, Value)>,
    acks: u64,
}

impl Sio {
    /// Connects without a token in the handshake; on a refusal, the message of `connect_error`.
    pub(crate) async fn open(client: Client) -> Result<Self, String> {
        Self::open_with(client, &json!({})).await
    }

    /// Connects with `auth` in the handshake.
    pub(crate) async fn open_with(client: Client, auth: &Value) -> Result<Self, String> {
        let open = client
            .get("/socket.io/?EIO=4&transport=polling")
            .await
            .expect_status(200)
            .text();
        let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        let path = format!(
            "/socket.io/?EIO=4&transport=polling&sid={}",
            open["sid"].as_str().unwrap()
        );
        let (sender, packets) = mpsc::unbounded_channel();
        let reader = tokio::spawn(read(client.clone(), path.clone(), sender));
        let mut socket = Self {
            client,
            path,
            packets,
            reader,
            waiting: Default::default(),
            acks: 0,
        };
        socket.post(format!("40{auth}")).await;
        let answer = socket.packet().await.expect("an answer to the handshake");
        match answer.strip_prefix("44") {
            Some(error) => {
                let error: Value = serde_json::from_str(error).unwrap();
                Err(error["message"].as_str().unwrap().to_owned())
            }
            None => {
                assert!(answer.starts_with("40{"), "{answer}");
                Ok(socket)
            }
        }
    }

    /// Emits an event and waits for its acknowledgement.
    pub(crate) async fn call(&mut self, event: &str, argument: &Value) -> Value {
        self.call_raw(&json!([event, argument])).await
    }

    /// As [`Sio::call`], with the whole array given.
    pub(crate) async fn call_raw(&mut self, event: &Value) -> Value {
        self.acks += 1;
        self.post(format!("42{}{event}", self.acks)).await;
        let prefix = format!("43{}", self.acks);
        loop {
            let packet = self.packet().await.expect("an acknowledgement");
            match packet.strip_prefix(&prefix) {
                Some(values) => return serde_json::from_str::<Value>(values).unwrap()[0].take(),
                None => self.keep(&packet),
            }
        }
    }

    /// Emits an event that wants no acknowledgement.
    pub(crate) async fn emit(&mut self, event: &str, argument: &Value) {
        self.post(format!("42{}", json!([event, argument]))).await;
    }

    /// Sends a packet as it is.
    pub(crate) async fn post(&self, packet: impl Into<String>) {
        let packet: String = packet.into();
        self.client
            .send(Method::POST, &self.path, Some("text/plain"), packet.into())
            .await
            .expect_status(200);
    }

    /// The next event and its argument.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return event;
            }
            let packet = self.packet().await.expect("an event");
            self.keep(&packet);
        }
    }

    /// The next event, which must be a notification; its payload.
    pub(crate) async fn notification(&mut self) -> Value {
        let (event, payload) = self.next().await;
        assert_eq!(event, "notification", "{payload}");
        payload
    }

    /// Waits until the server has disconnected the socket.
    pub(crate) async fn disconnected(&mut self) {
        while let Some(packet) = self.packet().await {
            if packet == "41" || packet == "1" {
                return;
            }
        }
    }

    /// The next packet; `None` once the connection has ended.
    async fn packet(&mut self) -> Option<String> {
        timeout(SOON, self.packets.recv()).await.expect("a packet in time")
    }

    fn keep(&mut self, packet: &str) {
        let event = packet
            .strip_prefix("42")
            .unwrap_or_else(|| panic!("unexpected packet {packet}"));
        let mut event: Value = serde_json::from_str(event).unwrap();
        self.waiting
            .push_back((event[0].as_str().unwrap().to_owned(), event[1].take()));
    }
}

impl Drop for Sio {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Polls until the session is over; answers pings.
async fn read(client: Client, path: String, sender: mpsc::UnboundedSender<String>) {
    loop {
        let answer = client.get(&path).await;
        if answer.status != 200 {
            return;
        }
        for packet in answer.text().split('\u{1e}').filter(|packet| !packet.is_empty()) {
            if packet == "2" {
                client.send(Method::POST, &path, Some("text/plain"), "3".into()).await;
            } else if packet != "6" && sender.send(packet.to_owned()).is_err() {
                return;
            }
        }
    }
}
