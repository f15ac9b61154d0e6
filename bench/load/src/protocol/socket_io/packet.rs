//! Socket.IO packets, protocol revision 5 (<https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>):
//! `<type>[<namespace>,][<acknowledgement id>][JSON]`.

use serde_json::Value;
use std::{borrow::Cow, fmt::Write};

/// The namespace that needs no name.
pub const MAIN_NAMESPACE: &str = "/";

/// One packet, to or from one namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet<'a> {
    /// Begins with a slash.
    pub namespace: Cow<'a, str>,
    /// What it says.
    pub body: Body,
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The client asks to be let in, with its credentials; the server lets it in, with the socket's id.
    Connect(Option<Value>),
    /// The sender leaves the namespace.
    Disconnect,
    /// Something happened.
    Event {
        /// What: the first element.
        name: String,
        /// The other elements.
        args: Vec<Value>,
        /// Under which number an acknowledgement is awaited.
        id: Option<u64>,
    },
    /// The answer to the event of that number.
    Ack {
        /// The event's.
        id: u64,
        /// What the other side's handler answered.
        args: Vec<Value>,
    },
    /// The server does not let the client in, with an object that has a `message`.
    ConnectError(Value),
}

/// Why a packet makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No bytes at all.
    #[error("an empty packet")]
    Empty,
    /// Not one of 0 to 6.
    #[error("`{0}` is no packet type of Socket.IO 5")]
    Type(char),
    /// Attachments are not spoken here.
    #[error("a packet with binary attachments, which this client does not speak")]
    Binary,
    /// What follows is not what the type needs.
    #[error("packet {kind} needs {needs}")]
    Payload {
        /// The type.
        kind: char,
        /// In words.
        needs: &'static str,
    },
}

impl<'a> Packet<'a> {
    /// Reads one packet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let mut rest = text.chars();
        let kind = rest.next().ok_or(PacketError::Empty)?;
        if matches!(kind, '5' | '6') {
            return Err(PacketError::Binary);
        }
        let (namespace, rest) = namespace(rest.as_str());
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (id, json) = rest.split_at(digits);
        let needs = |needs| PacketError::Payload { kind, needs };
        let id = match id {
            "" => None,
            id => Some(id.parse::<u64>().map_err(|_| needs("an id below 2^64"))?),
        };
        let body = match (kind, id) {
            ('0', None) => Body::Connect(payload(json).map_err(|()| needs("an object or nothing"))?),
            ('1', None) if json.is_empty() => Body::Disconnect,
            ('2', id) => event(json, id).ok_or(needs("an array that begins with the event's name"))?,
            ('3', Some(id)) => serde_json::from_str(json)
                .map(|args| Body::Ack { id, args })
                .map_err(|_| needs("an array"))?,
            ('3', None) => return Err(needs("the id of what it answers")),
            ('4', None) => match serde_json::from_str(json) {
                Ok(error @ (Value::Object(_) | Value::String(_))) => Body::ConnectError(error),
                _ => return Err(needs("an object or a text")),
            },
            ('0' | '1' | '4', _) => return Err(needs("no id, and no more than it has")),
            (other, _) => return Err(PacketError::Type(other)),
        };
        let namespace = namespace.into();
        Ok(Self { namespace, body })
    }

    /// As it is sent.
    pub fn encode(&self) -> String {
        let kind = match self.body {
            Body::Connect(_) => '0',
            Body::Disconnect => '1',
            Body::Event { .. } => '2',
            Body::Ack { .. } => '3',
            Body::ConnectError(_) => '4',
        };
        let mut text = String::from(kind);
        if self.namespace != MAIN_NAMESPACE {
            text.push_str(&self.namespace);
            text.push(',');
        }
        // Writing to a string cannot fail.
        let _ = match &self.body {
            Body::Connect(None) | Body::Disconnect => Ok(()),
            Body::Connect(Some(value)) | Body::ConnectError(value) => write!(text, "{value}"),
            Body::Ack { id, args } => write!(text, "{id}{}", Array(None, args)),
            Body::Event { name, args, id } => {
                if let Some(id) = id {
                    let _ = write!(text, "{id}");
                }
                write!(text, "{}", Array(Some(name), args))
            }
        };
        text
    }
}

/// The namespace, and what follows it.
fn namespace(text: &str) -> (&str, &str) {
    match text.starts_with('/') {
        true => text.split_once(',').unwrap_or((text, "")),
        false => (MAIN_NAMESPACE, text),
    }
}

fn payload(json: &str) -> Result<Option<Value>, ()> {
    match json {
        "" => Ok(None),
        json => match serde_json::from_str(json) {
            Ok(object @ Value::Object(_)) => Ok(Some(object)),
            _ => Err(()),
        },
    }
}

fn event(json: &str, id: Option<u64>) -> Option<Body> {
    let mut args: Vec<Value> = serde_json::from_str(json).ok()?;
    let name = match args.first_mut()? {
        Value::String(name) => std::mem::take(name),
        // The protocol takes numbers for names too.
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    args.remove(0);
    Some(Body::Event { name, args, id })
}

/// Displays a JSON array without building one.
struct Array<'a>(Option<&'a str>, &'a [Value]);

impl std::fmt::Display for Array<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('[')?;
        let mut separator = "";
        if let Some(name) = self.0 {
            // A text of its own has the same form as one in a document.
            write!(f, "{}", Value::from(name))?;
            separator = ",";
        }
        for value in self.1 {
            write!(f, "{separator}{value}")?;
            separator = ",";
        }
        f.write_char(']')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn packet(namespace: &str, body: Body) -> Packet<'_> {
        let namespace = namespace.into();
        Packet { namespace, body }
    }

    fn event(name: &str, args: Vec<Value>, id: Option<u64>) -> Body {
        let name = name.into();
        Body::Event { name, args, id }
    }

    #[test]
    fn the_examples_of_the_protocol() {
        let cases = [
            ("0", packet("/", Body::Connect(None))),
            (
                r#"0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"}"#,
                packet("/admin", Body::Connect(Some(json!({"sid": "oSO0OpakMV_3jnilAAAA"})))),
            ),
            ("1/admin,", packet("/admin", Body::Disconnect)),
            (r#"2["foo"]"#, packet("/", event("foo", vec![], None))),
            (r#"2/admin,["bar"]"#, packet("/admin", event("bar", vec![], None))),
            (
                r#"212["foo",{"a":1},null]"#,
                packet("/", event("foo", vec![json!({"a": 1}), Value::Null], Some(12))),
            ),
            ("3/admin,13[]", packet("/admin", Body::Ack { id: 13, args: vec![] })),
            (
                r#"4{"message":"Not authorized"}"#,
                packet("/", Body::ConnectError(json!({"message": "Not authorized"}))),
            ),
        ];
        for (text, packet) in cases {
            assert_eq!(Packet::decode(text).as_ref(), Ok(&packet), "{text}");
            assert_eq!(packet.encode(), text);
        }
        assert_eq!(
            Packet::decode("1/admin").unwrap().namespace,
            "/admin",
            "the comma may be missing at the end"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Packet::decode(""), Err(PacketError::Empty));
        assert_eq!(Packet::decode("7"), Err(PacketError::Type('7')));
        for binary in [r#"51-["x",{"_placeholder":true,"num":0}]"#, "61-1[]"] {
            assert_eq!(Packet::decode(binary), Err(PacketError::Binary));
        }
        let odd = [
            "0[1]",
            "01{}",
            "1x",
            "12",
            "2",
            "2{}",
            "2[]",
            "2[{}]",
            "2[\"a\"",
            "3[1]",
            "31",
            "31{}",
            "4",
            "41{}",
            "4[]",
            "299999999999999999999[\"a\"]",
        ];
        for text in odd {
            assert!(
                matches!(Packet::decode(text), Err(PacketError::Payload { .. })),
                "{text}"
            );
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map(any::<String>(), value(), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    fn body() -> impl Strategy<Value = Body> {
        let args = || prop::collection::vec(value(), 0..4);
        prop_oneof![
            prop::option::of(object()).prop_map(Body::Connect),
            Just(Body::Disconnect),
            (any::<String>(), args(), any::<Option<u64>>()).prop_map(|(name, args, id)| Body::Event { name, args, id }),
            (any::<u64>(), args()).prop_map(|(id, args)| Body::Ack { id, args }),
            object().prop_map(Body::ConnectError),
        ]
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(namespace in "/[a-zé/?=0-9-]{0,12}", body in body()) {
            let packet = packet(&namespace, body);
            let text = packet.encode();
            prop_assert!(!text.contains('\x1e'), "JSON escapes what separates packets of a polling payload");
            prop_assert_eq!(Packet::decode(&text), Ok(packet.clone()));
        }

        #[test]
        fn arbitrary_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0..8_u8) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = Packet::decode(&text);
            let _ = Packet::decode(&format!("{kind}{text}"));
            let _ = Packet::decode(&format!("{kind}/{text}"));
        }
    }
}
