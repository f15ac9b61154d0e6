//! Two lengths, or a length that two servers read differently: the ways of request smuggling.

use super::{Case, either, pass, refuse, refuse_as};

const LINE: &str = "POST /api/auth/x HTTP/1.1";

pub(super) const CASES: &[Case] = &[
    pass(
        "a length",
        "RFC 9112 6.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
        LINE,
        b"hello",
    ),
    pass(
        "spaces around a length",
        "RFC 9112 5.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: \t 5 \t\r\n\r\nhello",
        LINE,
        b"hello",
    ),
    refuse(
        "length, then coding (CL.TE)",
        "RFC 9112 6.1, RFC 9112 11.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "coding, then length (TE.CL)",
        "RFC 9112 6.1, RFC 9112 11.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "length and coding in odd cases",
        "RFC 9110 5.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\ntRANSFER-eNCODING: cHUNKED\r\ncONTENT-lENGTH: 4\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "xchunked",
        "Kettle, HTTP desync attacks",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "chunked, identity",
        "RFC 9112 6.3",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "identity, chunked",
        "RFC 9112 7 (identity is no coding)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "identity",
        "RFC 9112 6.3",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: identity\r\n\r\n",
    ),
    refuse_as(
        &[400, 501],
        "gzip, chunked",
        "RFC 9112 6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "chunked twice in a line",
        "RFC 9112 6.1 (MUST NOT apply chunked twice)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "chunked in two lines",
        "RFC 9112 6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "chunked, then another coding (TE.TE)",
        "Kettle, HTTP desync attacks",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "another coding, then chunked (TE.TE)",
        "Kettle, HTTP desync attacks",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    either(
        "a tab before the coding",
        "RFC 9112 5.1 (OWS)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        LINE,
        b"hello",
    ),
    refuse(
        "a vertical tab before the coding",
        "Kettle, HTTP desync attacks",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "a coding in quotes",
        "RFC 9112 7",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "a coding with a parameter",
        "RFC 9112 7.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "an empty coding",
        "RFC 9112 6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding:\r\nContent-Length: 0\r\n\r\n",
    ),
    refuse(
        "a comma after the coding",
        "RFC 9110 5.6.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "a space before the coding's colon",
        "RFC 9112 5.1",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "a space before the coding's name",
        "RFC 9112 5.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    ),
    refuse(
        "a coding on the next line",
        "RFC 9112 5.2 (obs-fold)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "a coding hidden behind a bare CR",
        "RFC 9112 2.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nX: y\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    ),
    refuse(
        "a coding in HTTP/1.0",
        "RFC 9112 6.1",
        b"POST /api/auth/x HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    refuse(
        "two equal lengths",
        "RFC 9112 6.3 (may be refused)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    ),
    refuse(
        "two lengths",
        "RFC 9112 6.3",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
    ),
    refuse(
        "two equal lengths in a line",
        "RFC 9112 6.3",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5, 5\r\n\r\nhello",
    ),
    refuse(
        "two lengths in a line",
        "RFC 9112 6.3",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5, 6\r\n\r\nhello",
    ),
    refuse(
        "a plus before the length",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: +5\r\n\r\nhello",
    ),
    refuse(
        "a minus before the length",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: -1\r\n\r\n",
    ),
    refuse(
        "a length in hex",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0x5\r\n\r\nhello",
    ),
    refuse(
        "a length with a space inside",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5 0\r\n\r\nhello",
    ),
    refuse(
        "a length with an underscore",
        "RFC 9110 8.6 (Python reads 5_0)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5_0\r\n\r\nhello",
    ),
    refuse(
        "a length with a fraction",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5.0\r\n\r\nhello",
    ),
    refuse(
        "a length with an exponent",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1e1\r\n\r\nhello",
    ),
    refuse(
        "a length in Arabic digits",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: \xd9\xa5\r\n\r\nhello",
    ),
    refuse(
        "an empty length",
        "RFC 9110 8.6",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length:\r\n\r\n",
    ),
    refuse_as(
        &[400, 413],
        "a length that wraps to 1",
        "RFC 9110 8.6 (overflow)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 18446744073709551617\r\n\r\na",
    ),
    refuse_as(
        &[400, 413],
        "a length beyond all numbers",
        "RFC 9110 8.6 (overflow)",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 99999999999999999999999999999999\r\n\r\na",
    ),
    refuse_as(
        &[413],
        "a length beyond the route's",
        "RFC 9110 15.5.14",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 99999999\r\n\r\na",
    ),
    Case {
        name: "a body that ends early",
        source: "RFC 9112 8",
        bytes: b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello",
        must: super::Must::Nothing,
    },
    pass(
        "more than the length says",
        "RFC 9112 9.3.2: the rest is no part of it",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhelloGET /api/auth/smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
        LINE,
        b"hello",
    ),
    refuse(
        "a second request behind a refused one",
        "RFC 9112 11.2",
        b"POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: +0\r\n\r\nGET /api/auth/smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ),
    pass(
        "a body with GET",
        "RFC 9110 9.3.1",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
        "GET /api/auth/x HTTP/1.1",
        b"hello",
    ),
    pass(
        "a chunked body with GET",
        "RFC 9110 9.3.1",
        b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET /api/auth/x HTTP/1.1",
        b"hello",
    ),
    refuse_as(
        &[400, 405, 501],
        "a body with TRACE",
        "RFC 9110 9.3.8",
        b"TRACE /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
    ),
];
