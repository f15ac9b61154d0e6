//! Names, values, and the one field that says whom a request is for.

use super::{Case, Must, either, pass, refuse, refuse_as};

const LINE: &str = "GET /api/auth/x HTTP/1.1";

/// A request with these lines behind the request line.
macro_rules! with {
    ($fields:literal) => {
        concat!("GET /api/auth/x HTTP/1.1\r\n", $fields, "\r\n\r\n").as_bytes()
    };
}

pub(super) const CASES: &[Case] = &[
    refuse(
        "a space before a colon",
        "RFC 9112 5.1",
        with!("Host: a.example\r\nX : y"),
    ),
    refuse(
        "a tab before a colon",
        "RFC 9112 5.1",
        with!("Host: a.example\r\nX\t: y"),
    ),
    refuse(
        "a value on two lines",
        "RFC 9112 5.2 (obs-fold)",
        with!("Host: a.example\r\nX: y\r\n z"),
    ),
    refuse(
        "a value on two lines by a tab",
        "RFC 9112 5.2",
        with!("Host: a.example\r\nX: y\r\n\tz"),
    ),
    refuse(
        "a space before the first name",
        "RFC 9112 2.2",
        with!(" Host: a.example"),
    ),
    refuse("an empty name", "RFC 9110 5.1", with!("Host: a.example\r\n: y")),
    refuse("a space in a name", "RFC 9110 5.1", with!("Host: a.example\r\nX Y: z")),
    refuse(
        "a bracket in a name",
        "RFC 9110 5.1",
        with!("Host: a.example\r\nX(Y): z"),
    ),
    refuse("NUL in a name", "RFC 9110 5.1", with!("Host: a.example\r\nX\0: z")),
    refuse(
        "a letter beyond ASCII in a name",
        "RFC 9110 5.1",
        with!("Host: a.example\r\nX\u{e4}: z"),
    ),
    refuse("a line without a colon", "RFC 9112 5", with!("Host: a.example\r\nX")),
    refuse("NUL in a value", "RFC 9110 5.5", with!("Host: a.example\r\nX: a\0b")),
    refuse(
        "a control character in a value",
        "RFC 9110 5.5",
        with!("Host: a.example\r\nX: a\x01b"),
    ),
    refuse(
        "an escape in a value",
        "RFC 9110 5.5",
        with!("Host: a.example\r\nX: a\x1bb"),
    ),
    refuse("DEL in a value", "RFC 9110 5.5", with!("Host: a.example\r\nX: a\x7fb")),
    either(
        "letters beyond ASCII in a value",
        "RFC 9110 5.5 (obs-text)",
        with!("Host: a.example\r\nX: \u{e4}"),
        LINE,
        b"",
    ),
    pass(
        "an empty value",
        "RFC 9110 5.5",
        with!("Host: a.example\r\nX:"),
        LINE,
        b"",
    ),
    refuse("no host", "RFC 9112 3.2", b"GET /api/auth/x HTTP/1.1\r\n\r\n"),
    refuse("two hosts", "RFC 9112 3.2", with!("Host: a.example\r\nHost: b.example")),
    refuse(
        "two equal hosts",
        "RFC 9112 3.2",
        with!("Host: a.example\r\nHost: a.example"),
    ),
    refuse(
        "two hosts in a line",
        "RFC 9112 3.2",
        with!("Host: a.example, b.example"),
    ),
    refuse("an empty host", "RFC 9110 7.2 (names no one here)", with!("Host:")),
    refuse(
        "a host with a space",
        "RFC 9112 3.2",
        with!("Host: a.example b.example"),
    ),
    refuse("a host with a tab", "RFC 9112 3.2", with!("Host: a.example\tb.example")),
    refuse(
        "a host with a name before it",
        "RFC 9110 4.2.4",
        with!("Host: user@a.example"),
    ),
    refuse("a host with a path", "RFC 9112 3.2", with!("Host: a.example/b")),
    refuse("a host with a query", "RFC 9112 3.2", with!("Host: a.example?b")),
    refuse("a host with a fragment", "RFC 9112 3.2", with!("Host: a.example#b")),
    refuse("a host with a backslash", "RFC 9112 3.2", with!("Host: a.example\\b")),
    refuse("a host with quotes", "RFC 9112 3.2", with!("Host: \"a.example\"")),
    refuse("a host with markup", "RFC 9112 3.2", with!("Host: a.example<b>")),
    refuse(
        "a port that is no number",
        "RFC 3986 3.2.3",
        with!("Host: a.example:8o"),
    ),
    refuse(
        "a port beyond all ports",
        "RFC 3986 3.2.3",
        with!("Host: a.example:65536"),
    ),
    refuse("two ports", "RFC 3986 3.2.3", with!("Host: a.example:80:81")),
    refuse("a bracket that stays open", "RFC 3986 3.2.2", with!("Host: [::1")),
    refuse("something behind the bracket", "RFC 3986 3.2.2", with!("Host: [::1]a")),
    refuse("a host beyond ASCII", "RFC 3986 3.2.2", with!("Host: \u{e4}.example")),
    pass(
        "a host with a port",
        "RFC 9110 7.2",
        with!("Host: a.example:8080"),
        LINE,
        b"",
    ),
    pass(
        "an address as host",
        "RFC 3986 3.2.2",
        with!("Host: [2001:db8::1]:8080"),
        LINE,
        b"",
    ),
    pass(
        "a host in capitals",
        "RFC 9110 4.2.3",
        with!("Host: A.EXAMPLE"),
        LINE,
        b"",
    ),
];

/// Rows that are too long to be written down.
pub(super) fn large() -> Vec<Case> {
    let leak = |text: String| -> &'static [u8] { text.into_bytes().leak() };
    let with = |fields: String| leak(format!("GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n"));
    vec![
        refuse_as(
            &[431],
            "a long value",
            "RFC 6585 5",
            with(format!("X: {}\r\n", "y".repeat(64 << 10))),
        ),
        refuse_as(
            &[431],
            "a long name",
            "RFC 6585 5",
            with(format!("{}: y\r\n", "x".repeat(64 << 10))),
        ),
        refuse_as(&[431], "many fields", "RFC 6585 5", with("X: y\r\n".repeat(200))),
        refuse_as(
            &[400, 431],
            "very many fields",
            "RFC 6585 5",
            with("X: y\r\n".repeat(3000)),
        ),
        refuse_as(
            &[431],
            "a head that never ends",
            "RFC 6585 5",
            leak(format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(50_000))),
        ),
        refuse_as(
            &[400, 431],
            "a value that never ends",
            "RFC 6585 5",
            leak(format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(2 << 20))),
        ),
        Case {
            name: "as much as is allowed",
            source: "limits.max_header",
            bytes: with(format!("X: {}\r\n", "y".repeat(31 << 10))),
            must: Must::Pass(LINE, b""),
        },
    ]
}
