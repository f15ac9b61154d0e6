//! Engine.IO packets and polling payloads, protocol revision 4
//! (<https://socket.io/docs/v4/engine-io-protocol/#packet-encoding>).

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt::Write, time::Duration};

/// Stands between the packets of a polling payload: the record separator.
pub const SEPARATOR: char = '\x1e';

/// One packet of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The server's first: the session.
    Open(Handshake),
    /// This transport ends.
    Close,
    /// The server's heartbeat, or the client's `probe` of a new transport.
    Ping(Cow<'a, str>),
    /// The answer, with the same text.
    Pong(Cow<'a, str>),
    /// What the layer above said.
    Message(Cow<'a, str>),
    /// From now on the probed transport is the one.
    Upgrade,
    /// Nothing; ends a long poll.
    Noop,
}

/// What the server tells about the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// The session's id, which every later request names.
    pub sid: String,
    /// Transports that the client may go on to.
    pub upgrades: Vec<String>,
    /// Milliseconds from one ping to the next.
    pub ping_interval: u64,
    /// Milliseconds that an answer may take.
    pub ping_timeout: u64,
    /// Most bytes of a polling payload that the server takes. Servers older than Socket.IO 4.3 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u64>,
}

impl Handshake {
    /// Longest time without a ping; the server is gone after it.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.ping_interval.saturating_add(self.ping_timeout))
    }
}

/// Why a packet makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No bytes at all.
    #[error("an empty packet")]
    Empty,
    /// Not one of 0 to 6, or `b`.
    #[error("`{0}` is no packet type of Engine.IO 4")]
    Type(char),
    /// Binary messages are not spoken here.
    #[error("a binary packet, which this client does not speak")]
    Binary,
    /// The handshake is not what the protocol says.
    #[error("a handshake that cannot be read: {0}")]
    Handshake(String),
    /// Something follows where nothing may.
    #[error("packet {0} carries data, which it has no use for")]
    Data(char),
}

impl<'a> Packet<'a> {
    /// Reads one packet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let mut rest = text.chars();
        let kind = rest.next().ok_or(PacketError::Empty)?;
        let data = rest.as_str();
        let bare = |packet| match data.is_empty() {
            true => Ok(packet),
            false => Err(PacketError::Data(kind)),
        };
        match kind {
            '0' => serde_json::from_str(data)
                .map(Packet::Open)
                .map_err(|error| PacketError::Handshake(error.to_string())),
            '1' => bare(Packet::Close),
            '2' => Ok(Packet::Ping(data.into())),
            '3' => Ok(Packet::Pong(data.into())),
            '4' => Ok(Packet::Message(data.into())),
            '5' => bare(Packet::Upgrade),
            '6' => bare(Packet::Noop),
            'b' => Err(PacketError::Binary),
            other => Err(PacketError::Type(other)),
        }
    }

    /// As it is sent.
    pub fn encode(&self) -> String {
        match self {
            Packet::Open(handshake) => {
                let mut text = String::from("0");
                // Text and numbers; it has a JSON form.
                text.push_str(&serde_json::to_string(handshake).unwrap_or_default());
                text
            }
            Packet::Close => "1".into(),
            Packet::Ping(data) => with('2', data),
            Packet::Pong(data) => with('3', data),
            Packet::Message(data) => with('4', data),
            Packet::Upgrade => "5".into(),
            Packet::Noop => "6".into(),
        }
    }
}

fn with(kind: char, data: &str) -> String {
    let mut text = String::with_capacity(1 + data.len());
    // Writing to a string cannot fail.
    let _ = write!(text, "{kind}{data}");
    text
}

/// The packets of a polling payload, each still encoded.
pub fn split(payload: &str) -> impl Iterator<Item = &str> {
    payload.split(SEPARATOR)
}

/// How many of the encoded `packets`, from the first on, go into one payload of at most `most` bytes. The first goes in any
/// case: the server, not the client, refuses a message that is too large.
pub fn batch<'a>(packets: impl IntoIterator<Item = &'a str>, most: Option<u64>) -> usize {
    let Some(most) = most else {
        return packets.into_iter().count();
    };
    let mut bytes = 0;
    packets
        .into_iter()
        .enumerate()
        .take_while(|(at, packet)| {
            bytes += packet.len() as u64 + u64::from(*at > 0);
            *at == 0 || bytes <= most
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_protocol() {
        let handshake = r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        let Packet::Open(open) = Packet::decode(handshake).unwrap() else {
            panic!("no handshake")
        };
        assert_eq!(open.sid, "lv_VI97HAXpY6yYWAAAC");
        assert_eq!(open.patience(), Duration::from_secs(45));
        assert_eq!(open.max_payload, Some(1_000_000));
        assert_eq!(Packet::Open(open).encode(), handshake);
        let payload: Vec<_> = split("4hello\x1e2\x1e4world").map(Packet::decode).collect();
        assert_eq!(
            payload,
            [
                Ok(Packet::Message("hello".into())),
                Ok(Packet::Ping("".into())),
                Ok(Packet::Message("world".into()))
            ]
        );
        assert_eq!(Packet::decode("2probe"), Ok(Packet::Ping("probe".into())));
        assert_eq!(Packet::decode("3probe"), Ok(Packet::Pong("probe".into())));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Packet::decode(""), Err(PacketError::Empty));
        assert_eq!(Packet::decode("7x"), Err(PacketError::Type('7')));
        assert_eq!(Packet::decode("éé"), Err(PacketError::Type('é')));
        assert_eq!(Packet::decode("bAQID"), Err(PacketError::Binary));
        assert_eq!(Packet::decode("6x"), Err(PacketError::Data('6')));
        assert!(matches!(Packet::decode("0{}"), Err(PacketError::Handshake(_))));
        assert!(
            split("4a\x1e")
                .map(Packet::decode)
                .any(|packet| packet == Err(PacketError::Empty))
        );
    }

    #[test]
    fn a_batch_stays_below_what_the_server_takes() {
        let packets = ["4aaaa", "4bbbb", "4cccc"];
        assert_eq!(batch(packets, None), 3);
        assert_eq!(batch(packets, Some(17)), 3, "5 + 1 + 5 + 1 + 5");
        assert_eq!(batch(packets, Some(16)), 2);
        assert_eq!(batch(packets, Some(10)), 1);
        assert_eq!(batch(packets, Some(1)), 1, "the first goes in any case");
        assert_eq!(batch([], Some(1)), 0);
    }

    fn packet() -> impl Strategy<Value = Packet<'static>> {
        let text = || any::<String>().prop_map(Cow::Owned);
        let handshake = (
            any::<String>(),
            prop::collection::vec("[a-z]{1,9}", 0..3),
            any::<[u32; 2]>(),
            any::<Option<u32>>(),
        );
        prop_oneof![
            handshake.prop_map(|(sid, upgrades, [interval, timeout], most)| Packet::Open(Handshake {
                sid,
                upgrades,
                ping_interval: interval.into(),
                ping_timeout: timeout.into(),
                max_payload: most.map(u64::from),
            })),
            Just(Packet::Close),
            text().prop_map(Packet::Ping),
            text().prop_map(Packet::Pong),
            text().prop_map(Packet::Message),
            Just(Packet::Upgrade),
            Just(Packet::Noop),
        ]
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(packet in packet()) {
            let text = packet.encode();
            prop_assert_eq!(Packet::decode(&text), Ok(packet));
        }

        /// Law: what is joined is split again, unless a message holds the separator (JSON escapes it).
        #[test]
        fn splitting_undoes_joining(messages in prop::collection::vec("[^\u{1e}]{0,20}", 1..6)) {
            let packets: Vec<String> = messages.iter().map(|text| Packet::Message(text.into()).encode()).collect();
            let payload = packets.join("\x1e");
            prop_assert_eq!(split(&payload).collect::<Vec<_>>(), packets);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for packet in split(&String::from_utf8_lossy(&bytes)) {
                let _ = Packet::decode(packet);
            }
        }

        #[test]
        fn a_batch_fits(packets in prop::collection::vec("[a-z]{1,30}", 1..8), most in 1_u64..120) {
            let count = batch(packets.iter().map(String::as_str), Some(most));
            prop_assert!(count >= 1);
            let payload = packets[..count].join("\x1e");
            prop_assert!(count == 1 || payload.len() as u64 <= most);
            if let Some(next) = packets.get(count) {
                prop_assert!((payload.len() + 1 + next.len()) as u64 > most, "one more had fitted");
            }
        }
    }
}
