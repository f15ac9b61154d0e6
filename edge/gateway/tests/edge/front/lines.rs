//! Line ends, and the request line.

use super::{Case, either, pass, refuse, refuse_as};

const LINE: &str = "GET /api/auth/x HTTP/1.1";

pub(super) const CASES: &[Case] = &[
    pass(
        "a request",
        "RFC 9112 3",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
        LINE,
        b"",
    ),
    refuse(
        "LF alone",
        "RFC 9112 2.2 (may be refused)",
        b"GET /api/auth/x HTTP/1.1\nHost: a.example\n\n",
    ),
    refuse(
        "LF behind the request line",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "LF behind a field",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n",
    ),
    refuse(
        "LF for the end of the head",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\n",
    ),
    refuse(
        "CR alone",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\rHost: a.example\r\r\n\r\n",
    ),
    refuse(
        "CR twice",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\r\n\r\n",
    ),
    refuse(
        "CR in a value",
        "RFC 9112 2.2",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nX: a\rb\r\n\r\n",
    ),
    either(
        "an empty line first",
        "RFC 9112 2.2 (should be passed over)",
        b"\r\nGET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
        LINE,
        b"",
    ),
    refuse(
        "LF first",
        "RFC 9112 2.2",
        b"\nGET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a space first",
        "RFC 9112 3",
        b" GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "two spaces behind the method",
        "RFC 9112 3",
        b"GET  /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "two spaces behind the target",
        "RFC 9112 3",
        b"GET /api/auth/x  HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a tab for a space",
        "RFC 9112 3",
        b"GET\t/api/auth/x\tHTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a space in the target",
        "RFC 9112 3.2",
        b"GET /api/auth/x y HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a version in the target",
        "RFC 9112 3.2",
        b"GET /api/auth/x HTTP/1.1 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a space at the end",
        "RFC 9112 3",
        b"GET /api/auth/x HTTP/1.1 \r\nHost: a.example\r\n\r\n",
    ),
    refuse("no target", "RFC 9112 3", b"GET HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    refuse(
        "no method",
        "RFC 9112 3",
        b"/api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "no version (HTTP/0.9)",
        "RFC 9112 3",
        b"GET /api/auth/x\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "HTTP/0.9 by name",
        "RFC 9110 2.5",
        b"GET /api/auth/x HTTP/0.9\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "HTTP/1.2",
        "RFC 9110 2.5",
        b"GET /api/auth/x HTTP/1.2\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "HTTP/1.10",
        "RFC 9112 2.3",
        b"GET /api/auth/x HTTP/1.10\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "HTTP/2.0",
        "RFC 9110 2.5",
        b"GET /api/auth/x HTTP/2.0\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "HTTP/3",
        "RFC 9112 2.3",
        b"GET /api/auth/x HTTP/3\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 505],
        "a version in lower case",
        "RFC 9112 2.3",
        b"GET /api/auth/x http/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "the preface of HTTP/2 with a field",
        "RFC 9113 3.4",
        b"PRI * HTTP/2.0\r\nHost: a.example\r\n\r\nSM\r\n\r\n",
    ),
    either(
        "a method in lower case",
        "RFC 9110 9.1 (methods know case)",
        b"get /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "get /api/auth/x HTTP/1.1",
        b"",
    ),
    refuse(
        "NUL in the method",
        "RFC 9110 5.6.2",
        b"G\0T /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a colon in the method",
        "RFC 9110 5.6.2",
        b"GET: /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "a bracket in the method",
        "RFC 9110 5.6.2",
        b"GE(T /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse(
        "TLS to a port without",
        "RFC 8446 4.1.2",
        b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03\r\n\r\n\r\n",
    ),
    refuse_as(
        &[400, 405, 501],
        "TRACE",
        "RFC 9110 9.3.8",
        b"TRACE /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    refuse_as(
        &[400, 405, 501],
        "CONNECT",
        "RFC 9110 9.3.6",
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
    ),
    refuse_as(
        &[400, 405, 501],
        "CONNECT with a path",
        "RFC 9112 3.2.3",
        b"CONNECT /api/auth/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
];
