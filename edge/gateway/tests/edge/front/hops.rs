//! What belongs to one connection, and what asks for another protocol.

use super::{Case, either, pass, refuse, refuse_as};

const GET: &str = "GET /api/auth/x HTTP/1.1";
const POST: &str = "POST /api/auth/x HTTP/1.1";

/// A request with these lines behind the host.
macro_rules! get {
    ($fields:literal) => {
        concat!("GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n", $fields, "\r\n\r\n").as_bytes()
    };
}

pub(super) const CASES: &[Case] = &[
    pass("Connection names a field of the edge", "RFC 9110 7.6.1", get!("Connection: X-User-Id\r\nX-User-Id: 1"), GET, b""),
    either("Connection names the host", "RFC 9110 7.6.1 (MUST NOT name it)", get!("Connection: Host"), GET, b""),
    either(
        "Connection names the length",
        "RFC 9110 7.6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: close, Content-Length\r\nContent-Length: 5\r\n\r\nhello",
        POST,
        b"hello",
    ),
    either(
        "Connection names the coding",
        "RFC 9110 7.6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        POST,
        b"hello",
    ),
    either("Connection is no list", "RFC 9110 7.6.1", get!("Connection: a b, \"c\""), GET, b""),
    pass("Keep-Alive and its like", "RFC 9110 7.6.1", get!("Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers"), GET, b""),
    pass("an upgrade to HTTP/2", "RFC 9113 3.1 (obsolete)", get!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"), GET, b""),
    pass("an upgrade to anything", "RFC 9110 7.8", get!("Connection: Upgrade\r\nUpgrade: TLS/1.0"), GET, b""),
    pass("a socket where there is none", "RFC 6455 4.1", get!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), GET, b""),
    pass(
        "Expect",
        "RFC 9110 10.1.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        POST,
        b"hello",
    ),
    refuse_as(&[417], "Expect something else", "RFC 9110 10.1.1", get!("Expect: 200-ok")),
    refuse_as(&[417], "Expect two things", "RFC 9110 10.1.1", get!("Expect: 100-continue, 100-continue")),
    refuse_as(&[417], "Expect twice", "RFC 9110 10.1.1", get!("Expect: 100-continue\r\nExpect: x")),
    pass(
        "HTTP/1.0",
        "RFC 9112 9.3",
        b"GET /api/auth/x HTTP/1.0\r\nHost: a.example\r\n\r\n",
        GET,
        b"",
    ),
    refuse(
        "HTTP/1.0 without a host",
        "RFC 9112 3.2 (no one could be named to the service)",
        b"GET /api/auth/x HTTP/1.0\r\n\r\n",
    ),
    pass(
        "HTTP/1.0 that stays",
        "RFC 9112 9.3",
        b"GET /api/auth/x HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n",
        GET,
        b"",
    ),
    pass(
        "HEAD with a body",
        "RFC 9110 9.3.2",
        b"HEAD /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        "HEAD /api/auth/x HTTP/1.1",
        b"hello",
    ),
    pass("a request behind another", "RFC 9112 9.3.2", b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\nGET /api/auth/y HTTP/1.1\r\nHost: a.example\r\n\r\n", GET, b""),
];
