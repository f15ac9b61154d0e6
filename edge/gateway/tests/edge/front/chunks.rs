//! The framing of chunked bodies. A head may be on its way to the service before a chunk shows to be bad: the request is
//! then broken off, so that the service never sees a whole one.

use super::{Case, Must, either, pass, refuse, refuse_as};

const LINE: &str = "POST /api/auth/x HTTP/1.1";

/// A chunked request with this body.
macro_rules! chunked {
    ($body:literal) => {
        concat!(
            "POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
            $body
        )
        .as_bytes()
    };
}

pub(super) const CASES: &[Case] = &[
    pass(
        "chunks",
        "RFC 9112 7.1",
        chunked!("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
        LINE,
        b"hello!",
    ),
    pass(
        "zeros before a size",
        "RFC 9112 7.1",
        chunked!("0005\r\nhello\r\n0\r\n\r\n"),
        LINE,
        b"hello",
    ),
    pass(
        "a size in capitals",
        "RFC 9112 7.1",
        chunked!("A\r\nhellohello\r\n0\r\n\r\n"),
        LINE,
        b"hellohello",
    ),
    pass(
        "an extension",
        "RFC 9112 7.1.1",
        chunked!("5;a=b\r\nhello\r\n0\r\n\r\n"),
        LINE,
        b"hello",
    ),
    pass(
        "a trailer",
        "RFC 9112 7.1.2",
        chunked!("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
        LINE,
        b"hello",
    ),
    pass(
        "a trailer that speaks of lengths",
        "RFC 9110 6.5.1",
        chunked!("5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: x\r\nX-User-Id: 1\r\n\r\n"),
        LINE,
        b"hello",
    ),
    refuse("a negative size", "RFC 9112 7.1", chunked!("-5\r\nhello\r\n0\r\n\r\n")),
    refuse(
        "a size with a plus",
        "RFC 9112 7.1",
        chunked!("+5\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse("a size with 0x", "RFC 9112 7.1", chunked!("0x5\r\nhello\r\n0\r\n\r\n")),
    refuse(
        "a size with an underscore",
        "RFC 9112 7.1",
        chunked!("0_5\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "a size that is no number",
        "RFC 9112 7.1",
        chunked!("5g\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse("no size", "RFC 9112 7.1", chunked!("\r\nhello\r\n0\r\n\r\n")),
    refuse(
        "no size but an extension",
        "RFC 9112 7.1",
        chunked!(";a=b\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "NUL behind a size",
        "RFC 9112 7.1",
        chunked!("5\0\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse_as(
        &[400, 413],
        "a size that wraps to 5",
        "RFC 9112 7.1 (overflow)",
        chunked!("10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse_as(
        &[400, 413],
        "a size of all ones",
        "RFC 9112 7.1 (overflow)",
        chunked!("FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse_as(
        &[400, 413],
        "a size of 32 digits",
        "RFC 9112 7.1 (overflow)",
        chunked!("00000000000000000000000000000005\r\nhello\r\n0\r\n\r\n"),
    ),
    either(
        "a space behind a size",
        "RFC 9112 7.1.1 (BWS)",
        chunked!("5 \r\nhello\r\n0\r\n\r\n"),
        LINE,
        b"hello",
    ),
    either(
        "a space before a size",
        "RFC 9112 7.1",
        chunked!(" 5\r\nhello\r\n0\r\n\r\n"),
        LINE,
        b"hello",
    ),
    refuse("LF behind a size", "RFC 9112 2.2", chunked!("5\nhello\r\n0\r\n\r\n")),
    refuse("CR behind a size", "RFC 9112 2.2", chunked!("5\rhello\r\n0\r\n\r\n")),
    refuse("LF behind a chunk", "RFC 9112 7.1", chunked!("5\r\nhello\n0\r\n\r\n")),
    refuse(
        "a chunk longer than its size",
        "RFC 9112 7.1",
        chunked!("4\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "a chunk without its end",
        "RFC 9112 7.1",
        chunked!("5\r\nhello0\r\n\r\n"),
    ),
    refuse(
        "two wrong bytes for a chunk's end",
        "Funky chunks (TERM.SPILL)",
        chunked!("5\r\nhelloXX0\r\n\r\n"),
    ),
    refuse(
        "LF in an extension",
        "Funky chunks (TERM.EXT)",
        chunked!("5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "CR in an extension",
        "Funky chunks (EXT.TERM)",
        chunked!("5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "NUL in an extension",
        "RFC 9112 7.1.1",
        chunked!("5;a=\0\r\nhello\r\n0\r\n\r\n"),
    ),
    refuse(
        "LF at the end of a trailer",
        "RFC 9112 7.1.2",
        chunked!("5\r\nhello\r\n0\r\nX: y\n\r\n"),
    ),
    refuse(
        "LF behind the last size",
        "RFC 9112 7.1",
        chunked!("5\r\nhello\r\n0\n\r\n"),
    ),
    refuse(
        "LF for the end of all",
        "RFC 9112 7.1.2",
        chunked!("5\r\nhello\r\n0\r\n\n"),
    ),
    Case {
        name: "no last chunk",
        source: "RFC 9112 8",
        bytes: chunked!("5\r\nhello\r\n"),
        must: Must::Nothing,
    },
    pass(
        "more than the chunks",
        "RFC 9112 9.3.2: the rest is no part of it",
        chunked!("5\r\nhello\r\n0\r\n\r\nGET /api/auth/smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        LINE,
        b"hello",
    ),
];
