// HTTP/2 (RFC 9113) at the edge: by a client that says what it likes, one that takes everything at its word, Node's own, and h2load.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:http2";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEdge } from "./support/edge.mjs";
import { ofPython, run } from "./support/run.mjs";

const SCRIPTS = fileURLToPath(new URL("h2/", import.meta.url));
const BODY = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const LARGE = Buffer.concat(Array(1200).fill(BODY));

let origin;
let edge;

/** What the service behind does, by path. */
const ANSWERS = {
  small: (_, response) => response.end("hello"),
  large: (_, response) => response.writeHead(200, { "content-length": LARGE.length }).end(LARGE),
  chunked: (_, response) => {
    for (let at = 0; at < LARGE.length; at += 40_000) response.write(LARGE.subarray(at, at + 40_000));
    response.end();
  },
  echo: (request, response) => request.pipe(response),
  empty: (_, response) => response.writeHead(204).end(),
  unchanged: (_, response) => response.writeHead(304, { etag: '"v1"' }).end(),
  hints: (_, response) => {
    response.writeEarlyHints({ link: "</style.css>; rel=preload" });
    response.end("hello");
  },
  hop: (_, response) => {
    const own = { connection: "keep-alive, x-secret", "x-secret": "1", "proxy-connection": "x", upgrade: "h2c" };
    response.writeHead(200, { ...own, "keep-alive": "timeout=9" }).end("hello");
  },
  trailers: (_, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.addTrailers({ "x-sum": "1" });
    response.end("hello");
  },
  failure: (_, response) => response.writeHead(500).end("broken"),
};

before(async () => {
  origin = createServer((request, response) => {
    const answer = ANSWERS[request.url.split("/").pop()];
    if (answer) return answer(request, response);
    request.resume();
    return response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(origin, "listening");
  edge = await startEdge({
    // One address asks for more than a crowd does.
    limits: { requests_per_second_per_ip: 1_000_000 },
    upstreams: { origin: { targets: `127.0.0.1:${origin.address().port}` } },
    routes: { all: { match: { path_prefix: "/" }, auth: "public", upstream: "origin" } },
  });
});

after(async () => {
  await edge?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

async function python(script, path) {
  const { code, output } = await run(ofPython("python3"), [`${SCRIPTS}${script}`, edge.address, path], { within: 60_000 });
  assert.equal(code, 0, output);
}

test("frames, states, windows, fields and HPACK: what RFC 9113 forbids ends a stream or the connection", () => python("cases.py", "/small"));

test("a client that takes everything at its word finds nothing", () => python("strict.py", "/"));

test("Node's client: a hundred at once, up and down", async () => {
  // Beyond 10 MB of what waits Node itself resets streams.
  const session = connect(`http://${edge.address}`, { maxSessionMemory: 1000 });
  const digest = (body) => createHash("sha256").update(body).digest("hex");
  const ask = async (path, body) => {
    const stream = session.request({ ":path": `/${path}`, ":method": body ? "POST" : "GET" }, { endStream: !body });
    stream.end(body);
    const [fields] = await once(stream, "response");
    const pieces = await stream.toArray();
    return [fields[":status"], digest(Buffer.concat(pieces))];
  };
  const all = await Promise.all(Array.from({ length: 100 }, (_, n) => (n % 2 ? ask("echo", LARGE) : ask("chunked"))));
  for (const found of all) assert.deepEqual(found, [200, digest(LARGE)]);
  session.close();
  await once(session, "close");
});

for (const [name, path, args] of [
  ["small answers", "small", ["-n", "4000", "-c", "8", "-m", "50"]],
  ["large answers through small windows", "large", ["-n", "200", "-c", "4", "-m", "10", "-w", "14", "-W", "15"]],
  ["uploads", "echo", ["-n", "200", "-c", "4", "-m", "10", "-d", fileURLToPath(import.meta.url)]],
]) {
  test(`h2load: ${name}`, async () => {
    const { code, output } = await run("h2load", [...args, `http://${edge.address}/${path}`], { within: 60_000 });
    assert.equal(code, 0, output);
    const [, total, ok] = output.match(/requests: (\d+) total, .* (\d+) succeeded, 0 failed, 0 errored, 0 timeout/) ?? [];
    assert.ok(total && total === ok, output);
    assert.match(output, new RegExp(`status codes: ${total} 2xx, 0 3xx, 0 4xx, 0 5xx`));
  });
}
