"""A client that takes HTTP/2 at its word, by the `h2` library with all its checks: `strict.py ADDRESS PATH`.

It asks for many things at once on one connection, with small windows, and fails on anything that RFC 9113 does not let a server do:
fields of a connection, names in capitals, bodies of another length than was said, frames beyond a window.
"""

import hashlib
import socket
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, InformationalResponseReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes, Settings

BODY = bytes(range(256)) * 1200
# Method, what is added to the path, body; status, body.
ASKED = [
    ("GET", "small", b"", 200, b"hello"),
    ("HEAD", "small", b"", 200, b""),
    ("GET", "large", b"", 200, BODY),
    ("GET", "chunked", b"", 200, BODY),
    ("POST", "echo", BODY, 200, BODY),
    ("GET", "empty", b"", 204, b""),
    ("GET", "unchanged", b"", 304, b""),
    ("HEAD", "large", b"", 200, b""),
    ("GET", "hints", b"", 200, b"hello"),
    ("GET", "hop", b"", 200, b"hello"),
    ("GET", "trailers", b"", 200, b"hello"),
    ("GET", "failure", b"", 500, b"broken"),
] * 4
FORBIDDEN = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"trailer", b"x-secret"}


class Exchange:
    """One request and what came of it."""

    def __init__(self, row):
        self.method, self.path, self.left, self.wanted_status, self.wanted_body = row
        self.status, self.body, self.ended = None, b"", False

    def check(self):
        assert self.ended, f"{self.path}: no end"
        assert self.status == self.wanted_status, f"{self.method} {self.path}: {self.status}"
        digest = [hashlib.sha256(body).hexdigest() for body in (self.body, self.wanted_body)]
        assert digest[0] == digest[1], f"{self.method} {self.path}: {len(self.body)} bytes, not {len(self.wanted_body)}"


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    prefix = sys.argv[2]
    client = socket.create_connection((host, int(port)), timeout=20)
    connection = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    connection.local_settings = Settings(client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: 3000})
    connection.initiate_connection()
    exchanges = {}
    for row in ASKED:
        stream, exchange = connection.get_next_available_stream_id(), Exchange(row)
        exchanges[stream] = exchange
        fields = [(":method", exchange.method), (":scheme", "http"), (":authority", "a.example"), (":path", prefix + exchange.path)]
        if exchange.left:
            fields.append(("content-length", str(len(exchange.left))))
        connection.send_headers(stream, fields, end_stream=not exchange.left)
    while not all(exchange.ended for exchange in exchanges.values()):
        upload(connection, exchanges)
        client.sendall(connection.data_to_send())
        data = client.recv(65536)
        assert data, "the connection ended"
        for event in connection.receive_data(data):
            take(connection, exchanges, event)
    for exchange in exchanges.values():
        exchange.check()
    connection.close_connection()
    client.sendall(connection.data_to_send())
    print(f"{len(exchanges)} passed, 0 failed")


def upload(connection, exchanges):
    """What the windows let through of each body."""
    for stream, exchange in exchanges.items():
        while exchange.left:
            room = min(connection.local_flow_control_window(stream), connection.max_outbound_frame_size)
            if not room:
                break
            piece, exchange.left = exchange.left[:room], exchange.left[room:]
            connection.send_data(stream, piece, end_stream=not exchange.left)


def take(connection, exchanges, event):
    assert not isinstance(event, (StreamReset, ConnectionTerminated)), f"{event}"
    if isinstance(event, (ResponseReceived, InformationalResponseReceived)):
        fields = dict(event.headers)
        found = FORBIDDEN & set(fields)
        assert not found, f"{exchanges[event.stream_id].path}: {found}"
        if isinstance(event, ResponseReceived):
            exchanges[event.stream_id].status = int(fields[b":status"])
    elif isinstance(event, DataReceived):
        exchanges[event.stream_id].body += event.data
        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, StreamEnded):
        exchanges[event.stream_id].ended = True


main()
