"""What httplint finds: answers on standard input, what it says of them on standard output, both as JSON.

An answer is `{"name", "request": its head, "response": head and body in base64, "at": when it came, in seconds of 1970}`, as they went
over the wire.
"""

import base64
import json
import sys

from httplint import HttpRequestLinter, HttpResponseLinter


def parse(head):
    """First line and fields, as bytes."""
    first, *lines = head.split(b"\r\n")
    fields = [tuple(line.split(b":", 1)) for line in lines if line]
    return first, [(name, value.strip()) for name, value in fields]


def content(fields, body):
    """The content of a message, and whether it is all there."""
    values = {name.lower(): value for name, value in fields}
    if values.get(b"transfer-encoding", b"").lower() != b"chunked":
        length = values.get(b"content-length")
        return body, length is None or len(body) == int(length)
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        size = int(size.split(b";")[0] or b"0", 16)
        if size == 0:
            return whole, True
        whole, body = whole + body[:size], body[size + 2 :]
    return whole, False


def lint(answer):
    request = HttpRequestLinter(start_time=answer["at"])
    line, fields = parse(answer["request"].encode("latin-1").removesuffix(b"\r\n\r\n"))
    method, target, version = line.split(b" ")
    request.process_request_topline(method, target, version.removeprefix(b"HTTP/"))
    request.process_headers(fields)
    request.finish_content(True)

    head, _, body = base64.b64decode(answer["response"]).partition(b"\r\n\r\n")
    line, fields = parse(head)
    version, status, phrase = (line + b" ").split(b" ", 2)
    response = HttpResponseLinter(start_time=answer["at"], _related=request)
    response.is_head_response = method == b"HEAD"
    response.process_response_topline(version.removeprefix(b"HTTP/"), status, phrase.strip())
    response.process_headers(fields)
    whole, complete = content(fields, body)
    response.feed_content(whole)
    response.finish_content(complete)
    found = list(response.notes) + [child for note in response.notes for child in note.subnotes]
    return [{"name": answer["name"], "level": note.level.value, "text": note.summary, "about": note.subject} for note in found]


json.dump([note for answer in json.load(sys.stdin) for note in lint(answer)], sys.stdout)
