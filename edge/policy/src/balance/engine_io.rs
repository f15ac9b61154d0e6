//! Engine.IO's session id (protocol 4, <https://github.com/socketio/engine.io-protocol>): a session lives in one target,
//! which alone knows its id. A client without cookies is told apart by it.

/// Longest id that is remembered; engine.io's own have 20 characters.
const MAX_ID: usize = 64;

/// The packet that closes a session.
pub const CLOSE: &str = "1";

/// The session that a request belongs to: `sid` in the query.
pub fn session_of_query(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("sid="))
        .and_then(valid)
}

/// The session that a polling handshake's answer opens: the `sid` of its open packet, `0{"sid":"…",…}`.
pub fn session_of_handshake(body: &[u8]) -> Option<&str> {
    let packet = std::str::from_utf8(body).ok()?.strip_prefix("0{")?;
    let (_, rest) = packet.split_once("\"sid\":\"")?;
    valid(rest.split('"').next()?)
}

fn valid(id: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!id.is_empty() && id.len() <= MAX_ID && id.bytes().all(plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_found_where_it_belongs() {
        assert_eq!(session_of_query("EIO=4&transport=polling&sid=aB-_1&t=x"), Some("aB-_1"));
        for none in ["EIO=4", "xsid=a", "sid=", "sid=%41", "sid=a b"] {
            assert_eq!(session_of_query(none), None, "{none}");
        }
        let open = br#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000}"#;
        assert_eq!(session_of_handshake(open), Some("lv_VI97HAXpY6yYWAAAC"));
        for none in [
            &b"40{\"sid\":\"a\"}"[..],
            b"0{}",
            b"",
            b"\xff0{\"sid\":\"a\"}",
            b"0{\"sid\":\"\"}",
        ] {
            assert_eq!(session_of_handshake(none), None, "{none:?}");
        }
        assert_eq!(session_of_query(&format!("sid={}", "a".repeat(MAX_ID + 1))), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = session_of_query(&text);
            let _ = session_of_handshake(&bytes);
        }
    }
}
