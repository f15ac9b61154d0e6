"""A client that says what it likes in HTTP/2 and writes down what it is told, frame by frame."""

import socket

from hpack import Encoder
from hyperframe.frame import (
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATIENCE = 10.0
CODES = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
]  # fmt: skip
# What asks whether a connection still works.
PROBE = b"conform!"


def raw(kind, flags, stream, payload=b"", length=None):
    """A frame as bytes, whatever it holds. `length` lies about the payload."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Client:
    """One connection, greeted."""

    def __init__(self, address, path, settings=b"", greet=True):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.path = path
        self.encoder = Encoder()
        self.buffer = b""
        if greet:
            self.send(PREFACE + raw(4, 0, 0, settings))
            # The server's settings, and that it has read ours.
            self.until(lambda frame: isinstance(frame, SettingsFrame) and "ACK" in frame.flags)
            self.send(raw(4, 1, 0))

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # What it was told says why.

    def fields(self, *more, but=(), without=()):
        """A block of fields: those of a plain request, `but` some others, `without` some, and `more`."""
        usual = [(":method", "GET"), (":scheme", "http"), (":path", self.path), (":authority", "a.example")]
        changed = dict(but)
        kept = [(name, changed.get(name, value)) for name, value in usual if name not in without]
        # Never from the table: what is to be sent must not depend on what was.
        return b"".join(literal(name, value) for name, value in [*kept, *more])

    def frames(self):
        """Every frame, until the connection ends."""
        while True:
            while len(self.buffer) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
                if len(self.buffer) < 9 + length:
                    break
                frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
                self.buffer = self.buffer[9 + length :]
                yield frame
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not more:
                return
            self.buffer += more

    def until(self, wanted):
        for frame in self.frames():
            if wanted(frame):
                return frame
        raise ConnectionError("the connection ended")

    def verdict(self, stream=1):
        """What becomes of a stream: its status, or how it or the connection ended."""
        for frame in self.frames():
            if isinstance(frame, GoAwayFrame) and frame.error_code:
                return f"GOAWAY {CODES[frame.error_code]}"
            if isinstance(frame, RstStreamFrame) and frame.stream_id == stream:
                return f"RST_STREAM {CODES[frame.error_code]}"
            if isinstance(frame, HeadersFrame) and frame.stream_id == stream:
                return status(frame)
        return "closed"

    def lives(self):
        """Whether the connection still works; if not, how it ended."""
        self.send(raw(6, 0, 0, PROBE))
        for frame in self.frames():
            if isinstance(frame, GoAwayFrame) and frame.error_code:
                return f"GOAWAY {CODES[frame.error_code]}"
            if isinstance(frame, PingFrame) and frame.opaque_data == PROBE:
                return "lives"
        return "closed"

    def close(self):
        self.socket.close()


def literal(name, value):
    """A field as a literal that is never indexed (RFC 7541, 6.2.3), without Huffman's code."""
    name, value = name.encode("latin-1"), value.encode("latin-1")
    return b"\x10" + string(name) + string(value)


def string(data):
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, out = len(data) - 127, b"\x7f"
    while rest >= 128:
        out += bytes([rest % 128 | 128])
        rest //= 128
    return out + bytes([rest]) + data


def status(frame):
    """`200` from the block's first byte, which nearly always is one of the static table (RFC 7541, appendix A)."""
    known = {0x88: "200", 0x89: "204", 0x8A: "206", 0x8B: "304", 0x8C: "400", 0x8D: "404", 0x8E: "500"}
    return known.get(frame.data[0], "another status")


__all__ = ["Client", "DataFrame", "ExtensionFrame", "WindowUpdateFrame", "raw", "literal", "PREFACE"]
