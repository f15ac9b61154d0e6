//! HTTP/2 as bytes: a client that writes any frame, well-formed or not.

use crate::support::PATIENCE;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A request's usual fields.
pub(super) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/api/auth/x"),
];

/// What became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was answered.
    Status(u16),
    /// It was reset, for this reason.
    Reset(u32),
    /// The connection was ended, for this reason.
    Goaway(u32),
    /// The connection ended without a word.
    Closed,
}

/// A frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as literals that nobody remembers (RFC 7541, section 6.2.2).
pub(super) fn fields<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_ref(), value.as_ref()] {
            length(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// RFC 7541, section 5.1, with a prefix of seven bits.
fn length(block: &mut Vec<u8>, mut length: usize) {
    if length < 127 {
        block.push(length as u8);
        return;
    }
    block.push(127);
    length -= 127;
    while length >= 128 {
        block.push((length % 128) as u8 | 128);
        length /= 128;
    }
    block.push(length as u8);
}

/// A connection.
pub(super) struct Frames(pub(super) TcpStream);

impl Frames {
    /// Greets.
    pub(super) async fn open(edge: SocketAddr) -> Self {
        Self::open_with(edge, &[]).await
    }

    /// Greets with settings.
    pub(super) async fn open_with(edge: SocketAddr, settings: &[u8]) -> Self {
        let mut stream = TcpStream::connect(edge).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
        stream.write_all(&hello).await.unwrap();
        Self(stream)
    }

    /// Whether the edge still takes it.
    pub(super) async fn says(&mut self, bytes: &[u8]) -> bool {
        matches!(timeout(PATIENCE, self.0.write_all(bytes)).await, Ok(Ok(())))
    }

    /// Reads until something has become of a stream; 0 waits for the connection's end.
    pub(super) async fn end_of(&mut self, stream: u32) -> End {
        timeout(PATIENCE, self.read_end(stream)).await.expect("an end in time")
    }

    async fn read_end(&mut self, stream: u32) -> End {
        loop {
            let mut header = [0; 9];
            if self.0.read_exact(&mut header).await.is_err() {
                return End::Closed;
            }
            let [a, b, c, kind, flags, id @ ..] = header;
            let mut payload = vec![0; usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)];
            if self.0.read_exact(&mut payload).await.is_err() {
                return End::Closed;
            }
            let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
            let is_this = u32::from_be_bytes(id) == stream && stream > 0;
            match kind {
                SETTINGS if flags & 1 == 0 => {
                    let _ = self.0.write_all(&frame(SETTINGS, 1, 0, &[])).await;
                }
                HEADERS if is_this => return End::Status(status(&payload)),
                RESET if is_this => return End::Reset(number(0)),
                GOAWAY => return End::Goaway(number(4)),
                _ => {}
            }
        }
    }
}

/// `:status`, which comes first, as the edge's encoder writes it: from the static table, or in Huffman's digits.
fn status(block: &[u8]) -> u16 {
    match block {
        [byte @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(byte - 0x88)],
        [0x48, length, digits @ ..] if length & 0x80 == 0 => String::from_utf8_lossy(&digits[..usize::from(*length)])
            .parse()
            .unwrap(),
        [0x48, length, digits @ ..] => {
            let mut bits = digits[..usize::from(length & 0x7f)]
                .iter()
                .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            bits <<= 32 - 8 * u32::from(length & 0x7f);
            let mut status = 0;
            for _ in 0..3 {
                let short = bits >> 27;
                let (digit, width) = if short < 3 { (short, 5) } else { ((bits >> 26) - 22, 6) };
                status = status * 10 + digit as u16;
                bits <<= width;
            }
            status
        }
        _ => panic!("a status in {block:?}"),
    }
}

#[test]
fn statuses_are_read() {
    assert_eq!(status(&[0x88]), 200);
    assert_eq!(status(&[0x8c]), 400);
    // 5 0 1: 011011 00000 00001 and ones to fill up.
    assert_eq!(status(&[0x48, 0x82, 0b0110_1100, 0b0000_0001]), 501);
}
