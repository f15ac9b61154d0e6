"""What RFC 9113 and RFC 7541 ask of a server, case by case: `cases.py ADDRESS PATH`. A line for each; exit code 1 if one fails.

The cases are those that h2spec made usual, without what RFC 9113 took back (priorities). An error of a stream may be told as one of
the connection (RFC 9113, 5.4.1), and a connection in error may end without a word.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from wire import PREFACE, Client, DataFrame, literal, raw

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
U32 = lambda number: number.to_bytes(4, "big")  # noqa: E731
SETTING = lambda name, value: name.to_bytes(2, "big") + U32(value)  # noqa: E731
CASES = []


def head(c, *more, stream=1, end=True, flags=END_HEADERS, **how):
    """The HEADERS of a request."""
    return raw(HEADERS, flags | (END_STREAM if end else 0), stream, c.fields(*more, **how))


def post(c, *more, stream=1):
    return head(c, *more, stream=stream, end=False, but=[(":method", "POST")])


def case(source, name, *expected, settings=b"", greet=True, ask="stream"):
    """Registers what a client sends, and what it may be told: of stream 1, or (`ask="connection"`) whether the connection lives."""

    def register(send):
        CASES.append((source, name, expected, settings, greet, ask, send))

    return register


def connection(source, name, *codes, **how):
    """An error of the connection."""
    return case(source, name, *[f"GOAWAY {code}" for code in known(codes)], "closed", ask="connection", **how)


def stream(source, name, *codes, **how):
    """An error of stream 1."""
    told = [f"{kind} {code}" for code in known(codes) for kind in ("RST_STREAM", "GOAWAY")]
    return case(source, name, *told, "closed", **how)


def known(codes):
    """The h2 library sees these errors, and calls most of them by the general name. No endpoint acts on a name (RFC 9113, 7)."""
    named = ("COMPRESSION_ERROR", "FRAME_SIZE_ERROR", "FLOW_CONTROL_ERROR", "STREAM_CLOSED")
    return (*codes, "PROTOCOL_ERROR") if any(code in named for code in codes) else codes


def malformed(name, *more, source="8.1.1", **how):
    """A request that must not be taken for one."""
    stream(source, name, "PROTOCOL_ERROR")(lambda c: c.send(head(c, *more, **how)))


# Frames (4) and what is unknown (5.5)
case("4.1", "an unknown frame is passed over", "lives", ask="connection")(lambda c: c.send(raw(0x16, 0, 0, b"\0" * 8)))
case("4.1", "unknown flags are passed over", "lives", ask="connection")(lambda c: c.send(raw(PING, 0x16, 0, b"x" * 8)))
case("4.1", "the reserved bit is passed over", "lives", ask="connection")(lambda c: c.send(raw(PING, 0, 1 << 31, b"x" * 8)))
stream("4.2", "DATA larger than SETTINGS_MAX_FRAME_SIZE", "FRAME_SIZE_ERROR")(
    lambda c: c.send(post(c) + raw(DATA, END_STREAM, 1, b"x" * 16385))
)
connection("4.2", "HEADERS larger than SETTINGS_MAX_FRAME_SIZE", "FRAME_SIZE_ERROR")(
    lambda c: c.send(raw(HEADERS, END_STREAM | END_HEADERS, 1, c.fields(("x", "y" * 16385))))
)
connection("3.4", "a preface that is none", "PROTOCOL_ERROR", greet=False)(
    lambda c: c.send(PREFACE[:-2] + b"XX" + raw(SETTINGS, 0, 0))
)
connection("3.4", "a preface without settings", "PROTOCOL_ERROR", greet=False)(lambda c: c.send(PREFACE + raw(PING, 0, 0, b"x" * 8)))
connection("4.3", "a block that cannot be decoded", "COMPRESSION_ERROR")(
    lambda c: c.send(raw(HEADERS, END_STREAM | END_HEADERS, 1, b"\x40\xff\xff\xff\xff\xff\xff\xff\xff"))
)
connection("4.3", "a frame between HEADERS and CONTINUATION", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c, flags=0) + raw(PRIORITY, 0, 1, b"\0\0\0\0\x10") + raw(CONTINUATION, END_HEADERS, 1, literal("x", "y")))
)
connection("4.3", "another stream between HEADERS and CONTINUATION", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c, flags=0) + head(c, stream=3))
)
connection("5.5", "an unknown frame between HEADERS and CONTINUATION", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c, flags=0) + raw(0x16, 0, 0, b"\0" * 8))
)

# States of a stream (5.1)
connection("5.1", "idle: DATA", "PROTOCOL_ERROR")(lambda c: c.send(raw(DATA, END_STREAM, 1, b"x")))
connection("5.1", "idle: RST_STREAM", "PROTOCOL_ERROR")(lambda c: c.send(raw(RST, 0, 1, U32(8))))
connection("5.1", "idle: WINDOW_UPDATE", "PROTOCOL_ERROR")(lambda c: c.send(raw(WINDOW, 0, 1, U32(100))))
connection("5.1", "idle: CONTINUATION", "PROTOCOL_ERROR")(lambda c: c.send(raw(CONTINUATION, END_HEADERS, 1, literal("x", "y"))))
stream("5.1", "half-closed: DATA", "STREAM_CLOSED")(lambda c: c.send(head(c) + raw(DATA, END_STREAM, 1, b"x")))
stream("5.1", "half-closed: HEADERS", "STREAM_CLOSED", "PROTOCOL_ERROR")(lambda c: c.send(head(c) + head(c)))
connection("5.1", "half-closed: CONTINUATION", "STREAM_CLOSED", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c) + raw(CONTINUATION, END_HEADERS, 1, literal("x", "y")))
)
case("5.1", "closed: WINDOW_UPDATE and RST_STREAM are passed over", "lives", ask="connection")(
    lambda c: (c.send(head(c)), c.until(lambda f: "END_STREAM" in f.flags), c.send(raw(WINDOW, 0, 1, U32(9)) + raw(RST, 0, 1, U32(8))))
)
connection("5.1.1", "an even stream", "PROTOCOL_ERROR")(lambda c: c.send(head(c, stream=2)))
connection("5.1.1", "a stream below one that was opened", "PROTOCOL_ERROR", "STREAM_CLOSED")(
    lambda c: c.send(head(c, stream=5) + head(c, stream=3))
)

# DATA (6.1), HEADERS (6.2), PRIORITY (6.3), RST_STREAM (6.4)
connection("6.1", "DATA on stream 0", "PROTOCOL_ERROR")(lambda c: c.send(post(c) + raw(DATA, END_STREAM, 0, b"x")))
connection("6.1", "DATA with more padding than payload", "PROTOCOL_ERROR")(
    lambda c: c.send(post(c) + raw(DATA, END_STREAM | PADDED, 1, b"\x09xx"))
)
case("6.1", "padded DATA", "200")(lambda c: c.send(post(c) + raw(DATA, END_STREAM | PADDED, 1, b"\x03abc\0\0\0")))
connection("6.2", "HEADERS on stream 0", "PROTOCOL_ERROR")(lambda c: c.send(head(c, stream=0)))
connection("6.2", "HEADERS with more padding than payload", "PROTOCOL_ERROR")(
    lambda c: c.send(raw(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\xff" + c.fields()))
)
case("6.2", "padded HEADERS", "200")(
    lambda c: c.send(raw(HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\x04" + c.fields() + b"\0" * 4))
)
case("6.2", "HEADERS with a priority", "200")(
    lambda c: c.send(raw(HEADERS, END_STREAM | END_HEADERS | 0x20, 1, b"\0\0\0\0\x10" + c.fields()))
)
connection("6.3", "PRIORITY on stream 0", "PROTOCOL_ERROR")(lambda c: c.send(raw(PRIORITY, 0, 0, b"\0\0\0\1\x10")))
stream("6.3", "PRIORITY of another length", "FRAME_SIZE_ERROR")(lambda c: c.send(post(c) + raw(PRIORITY, 0, 1, b"\0\0\0\0")))
connection("6.4", "RST_STREAM on stream 0", "PROTOCOL_ERROR")(lambda c: c.send(raw(RST, 0, 0, U32(8))))
connection("6.4", "RST_STREAM of another length", "FRAME_SIZE_ERROR")(lambda c: c.send(post(c) + raw(RST, 0, 1, b"\0\0\0")))

# SETTINGS (6.5)
connection("6.5", "an acknowledgement that says more", "FRAME_SIZE_ERROR")(lambda c: c.send(raw(SETTINGS, ACK, 0, b"\0" * 6)))
connection("6.5", "SETTINGS of a stream", "PROTOCOL_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 1, SETTING(3, 100))))
connection("6.5", "SETTINGS of another length", "FRAME_SIZE_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 0, b"\0\3\0")))
connection("6.5.2", "ENABLE_PUSH 2", "PROTOCOL_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 0, SETTING(2, 2))))
connection("6.5.2", "INITIAL_WINDOW_SIZE 2^31", "FLOW_CONTROL_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 0, SETTING(4, 1 << 31))))
connection("6.5.2", "MAX_FRAME_SIZE 16383", "PROTOCOL_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 0, SETTING(5, 16383))))
connection("6.5.2", "MAX_FRAME_SIZE 2^24", "PROTOCOL_ERROR")(lambda c: c.send(raw(SETTINGS, 0, 0, SETTING(5, 1 << 24))))
case("6.5.2", "an unknown setting is passed over", "lives", ask="connection")(lambda c: c.send(raw(SETTINGS, 0, 0, SETTING(0xFF, 1))))
case("6.5.3", "settings are acknowledged", "lives", ask="connection")(
    lambda c: (c.send(raw(SETTINGS, 0, 0, SETTING(4, 100))), c.until(lambda f: f.type == SETTINGS and "ACK" in f.flags))
)

# PUSH_PROMISE (8.4), PING (6.7), GOAWAY (6.8)
connection("8.4", "a client that pushes", "PROTOCOL_ERROR")(lambda c: c.send(raw(PUSH, END_HEADERS, 1, U32(2) + c.fields())))
connection("6.7", "PING of a stream", "PROTOCOL_ERROR")(lambda c: c.send(raw(PING, 0, 1, b"x" * 8)))
connection("6.7", "PING of another length", "FRAME_SIZE_ERROR")(lambda c: c.send(raw(PING, 0, 0, b"x" * 6)))
case("6.7", "an answer to no PING is not answered", "lives", ask="connection")(lambda c: c.send(raw(PING, ACK, 0, b"unasked!")))
connection("6.8", "GOAWAY of a stream", "PROTOCOL_ERROR")(lambda c: c.send(raw(GOAWAY, 0, 1, b"\0" * 8)))

# WINDOW_UPDATE and flow control (6.9)
connection("6.9", "an increment of 0", "PROTOCOL_ERROR")(lambda c: c.send(raw(WINDOW, 0, 0, U32(0))))
stream("6.9", "an increment of 0 for a stream", "PROTOCOL_ERROR")(lambda c: c.send(post(c) + raw(WINDOW, 0, 1, U32(0))))
connection("6.9", "WINDOW_UPDATE of another length", "FRAME_SIZE_ERROR")(lambda c: c.send(raw(WINDOW, 0, 0, b"\0\0\1")))
connection("6.9.1", "a window beyond 2^31-1", "FLOW_CONTROL_ERROR")(lambda c: c.send(raw(WINDOW, 0, 0, U32((1 << 31) - 1)) * 2))
stream("6.9.1", "a stream's window beyond 2^31-1", "FLOW_CONTROL_ERROR")(
    lambda c: c.send(post(c) + raw(WINDOW, 0, 1, U32((1 << 31) - 1)) * 2)
)
stream("6.9.2", "a window beyond 2^31-1 by SETTINGS", "FLOW_CONTROL_ERROR")(
    lambda c: c.send(post(c) + raw(WINDOW, 0, 1, U32(0x7FFF0000 - 1)) + raw(SETTINGS, 0, 0, SETTING(4, (1 << 31) - 1)))
)


@case("6.9.1", "DATA of one byte where the window is one byte", "lives", settings=SETTING(4, 1), ask="connection")
def _(c):
    c.send(head(c))
    data = c.until(lambda f: isinstance(f, DataFrame))
    assert len(data.data) == 1, f"{len(data.data)} bytes in a window of 1"


@case("6.9.2", "a window that SETTINGS opens", "lives", settings=SETTING(4, 0), ask="connection")
def _(c):
    c.send(head(c) + raw(SETTINGS, 0, 0, SETTING(4, 1)))
    data = c.until(lambda f: isinstance(f, DataFrame))
    assert len(data.data) == 1, f"{len(data.data)} bytes in a window of 1"


# CONTINUATION (6.10)
case("6.10", "CONTINUATION, and another", "200")(
    lambda c: c.send(
        head(c, flags=0) + raw(CONTINUATION, 0, 1, literal("x", "y")) + raw(CONTINUATION, END_HEADERS, 1, literal("z", "y"))
    )
)
connection("6.10", "CONTINUATION on stream 0", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c, flags=0) + raw(CONTINUATION, END_HEADERS, 0, literal("x", "y")))
)
connection("6.10", "CONTINUATION of another stream", "PROTOCOL_ERROR")(
    lambda c: c.send(head(c, flags=0) + raw(CONTINUATION, END_HEADERS, 3, literal("x", "y")))
)
connection("6.10", "CONTINUATION behind a block that has ended", "PROTOCOL_ERROR")(
    lambda c: c.send(post(c) + raw(CONTINUATION, END_HEADERS, 1, literal("x", "y")))
)
connection("CVE-2024-27316", "CONTINUATION without end", "ENHANCE_YOUR_CALM")(
    lambda c: c.send(head(c, flags=0) + raw(CONTINUATION, 0, 1) * 5000)
)
connection("CVE-2023-44487", "rapid reset", "ENHANCE_YOUR_CALM")(
    lambda c: [c.send(head(c, stream=n) + raw(RST, 0, n, U32(8))) for n in range(1, 4000, 2)]
)
connection("CVE-2019-9512", "pings without end", "ENHANCE_YOUR_CALM")(lambda c: c.send(raw(PING, 0, 0, b"x" * 8) * 20000))
connection("CVE-2019-9515", "settings without end", "ENHANCE_YOUR_CALM")(lambda c: c.send(raw(SETTINGS, 0, 0) * 20000))

# Requests (8)
stream("8.1", "a second block that does not end the stream", "PROTOCOL_ERROR")(
    lambda c: c.send(post(c) + raw(HEADERS, END_HEADERS, 1, literal("x", "y")) + raw(DATA, END_STREAM, 1, b"x"))
)
# The h2 library lets it pass. Trailers go no further than the edge, so nobody is told.
case("8.1", "a pseudo-field in trailers", "200", "RST_STREAM PROTOCOL_ERROR")(
    lambda c: c.send(post(c) + raw(DATA, 0, 1, b"x") + raw(HEADERS, END_HEADERS | END_STREAM, 1, literal(":method", "GET")))
)
case("8.1", "trailers", "200")(
    lambda c: c.send(post(c) + raw(DATA, 0, 1, b"x") + raw(HEADERS, END_HEADERS | END_STREAM, 1, literal("x-sum", "1")))
)
malformed("capitals", ("X-Capital", "1"), source="8.2.1")
malformed("a space in a name", ("x y", "1"), source="8.2.1")
malformed("a colon in a name", ("x:y", "1"), source="8.2.1")
malformed("NUL in a value", ("x", "a\0b"), source="8.2.1")
malformed("LF in a value", ("x", "a\nb"), source="8.2.1")
malformed("CR in a value", ("x", "a\rb"), source="8.2.1")
malformed("Connection", ("connection", "keep-alive"), source="8.2.2")
malformed("Keep-Alive", ("keep-alive", "timeout=5"), source="8.2.2")
malformed("Proxy-Connection", ("proxy-connection", "keep-alive"), source="8.2.2")
malformed("Transfer-Encoding", ("transfer-encoding", "chunked"), source="8.2.2")
malformed("Upgrade", ("upgrade", "websocket"), source="8.2.2")
malformed("TE that is not trailers", ("te", "trailers, deflate"), source="8.2.2")
malformed("an unknown pseudo-field", (":unknown", "1"), source="8.3")
malformed("a pseudo-field of answers", (":status", "200"), source="8.3")
malformed("a pseudo-field twice", (":path", "/"), source="8.3")
malformed("no method", without=[":method"], source="8.3.1")
malformed("no scheme", without=[":scheme"], source="8.3.1")
malformed("no path", without=[":path"], source="8.3.1")
malformed("an empty path", but=[(":path", "")], source="8.3.1")
stream("8.3", "a pseudo-field behind others", "PROTOCOL_ERROR")(
    lambda c: c.send(raw(HEADERS, END_HEADERS | END_STREAM, 1, c.fields(("x", "y"), without=[":path"]) + literal(":path", c.path)))
)
case("8.2.2", "TE: trailers", "200")(lambda c: c.send(head(c, ("te", "trailers"))))
for length, body in (("1", b"xx"), ("3", b"xx"), ("0", b"x")):
    stream("8.1.1", f"Content-Length {length} of {len(body)}", "PROTOCOL_ERROR")(
        lambda c, length=length, body=body: c.send(post(c, ("content-length", length)) + raw(DATA, END_STREAM, 1, body))
    )
stream("8.1.1", "Content-Length 3 of 1 and 1", "PROTOCOL_ERROR")(
    lambda c: c.send(post(c, ("content-length", "3")) + raw(DATA, 0, 1, b"x") + raw(DATA, END_STREAM, 1, b"x"))
)
stream("8.1.1", "a length without a body", "PROTOCOL_ERROR")(lambda c: c.send(head(c, ("content-length", "3"))))

# HPACK (RFC 7541)
for name, block in (
    ("an index of 0", b"\x80"),
    ("an index beyond the tables", b"\xff\x7f"),
    ("a name's index beyond the tables", b"\x7f\x7f\x01x"),
    ("Huffman's padding longer than 7 bits", b"\x00\x01x\x82\x1c\xff\xff"),
    ("Huffman's padding of zeros", b"\x00\x01x\x81\x18"),
    ("EOS in Huffman's code", b"\x00\x01x\x84\xff\xff\xff\xff"),
    ("a table larger than allowed", b"\x3f\xe2\x3f"),
):
    connection("RFC 7541", name, "COMPRESSION_ERROR")(
        lambda c, block=block: c.send(raw(HEADERS, END_HEADERS | END_STREAM, 1, block + c.fields()))
    )
connection("RFC 7541 4.2", "a change of the table at a block's end", "COMPRESSION_ERROR")(
    lambda c: c.send(raw(HEADERS, END_HEADERS | END_STREAM, 1, c.fields() + b"\x20"))
)


def run(address, path, row):
    source, name, expected, settings, greet, ask, send = row
    client = Client(address, path, settings, greet)
    try:
        send(client)
        found = client.verdict() if ask == "stream" else client.lives()
    except (AssertionError, ConnectionError, TimeoutError) as error:
        found = repr(error)
    finally:
        client.close()
    good = found in expected
    return good, f"{'ok' if good else 'FAILED'}: {source}: {name}: {found}" + ("" if good else f", not {' or '.join(expected)}")


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda row: run((host, int(port)), sys.argv[2], row), CASES))
    for _, text in results:
        print(text)
    failed = sum(not good for good, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
