// Every kind of head that the edge answers, judged by httplint: its own answers, and services' that it changes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { freePort, startEdge } from "./support/edge.mjs";
import { Answers } from "./support/lint.mjs";
import { exchange, field } from "./support/raw.mjs";

const HOUR = { "cache-control": "max-age=3600" };
const TEXT = { "content-type": "text/plain;charset=utf-8" };
const CHANGED = { etag: '"v1"', "last-modified": new Date(Date.now() - 1e7).toUTCString() };
const LONG = "What is said again and again takes little room. ".repeat(200);
const foreign = { Origin: "https://foreign.example", Cookie: "a=1", "Sec-Fetch-Site": "cross-site" };

let origin;
let edge;

/** What the service behind does, by path. */
const ANSWERS = {
  plain: (_, response) => response.writeHead(200, { ...TEXT, ...CHANGED, ...HOUR }).end(LONG),
  live: (_, response) => response.writeHead(200, TEXT).write(LONG, () => response.end()),
  unchanged: (_, response) => response.writeHead(304, { ...CHANGED, ...HOUR }).end(),
  part: (_, response) => response.writeHead(206, { ...TEXT, ...CHANGED, "content-range": "bytes 0-4/9" }).end("hello"),
  moved: (_, response) => response.writeHead(301, { location: "/plain", "content-length": 0 }).end(),
  options: (_, response) => response.writeHead(204, { allow: "GET, OPTIONS" }).end(),
  events: (_, response) => response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }).write("data: 1\n\n"),
  slow: () => {},
  wrong: (_, response) => response.writeHead(200, { ...TEXT, etag: "unquoted" }).end("x"),
  keys: (_, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"keys":[]}'),
};

before(async () => {
  origin = createServer((request, response) => {
    request.resume();
    ANSWERS[request.url.split(/[/?]/).pop()](request, response);
  }).listen(0, "127.0.0.1");
  await once(origin, "listening");
  edge = await startEdge({
    limits: { max_header: "4KiB" },
    jwt: { users: { issuer: "tests", audience: "tests", algorithms: ["EdDSA"], token_from: [{ bearer: true }], jwks: { upstream: "origin", path: "/keys" } } },
    cors: { web: { allow_origins: ["http://a.example:81"], allow_credentials: true } },
    rate_limits: { few: { key: "client_ip", rate: "1/1h", algorithm: "window", on_store_failure: "local" } },
    upstreams: {
      origin: { targets: `127.0.0.1:${origin.address().port}` },
      away: { targets: `127.0.0.1:${await freePort()}` },
    },
    defaults: { cors: "web", compression: { algorithms: ["zstd", "br", "gzip"], min_size: "1KiB" } },
    routes: {
      all: { match: { path_prefix: "/plainly" }, upstream: "origin", max_body: "1KiB", timeouts: { request: "500ms", first_byte: "300ms" } },
      kept: { match: { path_prefix: "/kept" }, upstream: "origin", cache: {} },
      users: { match: { path_prefix: "/users" }, upstream: "origin", auth: { jwt: "users" } },
      few: { match: { path_prefix: "/few" }, upstream: "origin", rate_limits: ["few"] },
      read: { match: { path_prefix: "/read", methods: ["GET"] }, upstream: "origin" },
      away: { match: { path_prefix: "/away" }, upstream: "away" },
      instead: { match: { path_prefix: "/instead" }, upstream: "away", fallback: { status: 200, content_type: "text/plain;charset=utf-8", body: "later" } },
      events: { match: { path_prefix: "/stream" }, upstream: "origin", streaming: "sse" },
    },
  });
});

after(async () => {
  await edge?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

const ask = (line, fields, options) => exchange(edge.address, line, fields, options);

test("the edge's own answers", async (t) => {
  const answers = new Answers();
  const keep = async (name, status, line, fields, options) => answers.add(name, status, await ask(line, fields, options));
  await keep("health", 200, "GET /health");
  await keep("health, HEAD", 200, "HEAD /health");
  await keep("not found", 404, "GET /nowhere", { Origin: "http://a.example:81" });
  await keep("not found, HEAD", 404, "HEAD /nowhere");
  await keep("method not allowed", 405, "POST /read/plain", {}, { body: "x" });
  await keep("unauthorized", 401, "GET /users/plain");
  await keep("unauthorized, a bad token", 401, "GET /users/plain", { Authorization: "Bearer nonsense" });
  await keep("forbidden", 403, "POST /plainly/plain", foreign, { body: "x" });
  await keep("too large", 413, "POST /plainly/plain", {}, { body: "x".repeat(2000) });
  await keep("quota, inside", 200, "GET /few/plain");
  await keep("quota, over", 429, "GET /few/plain");
  await keep("bad request", 400, "GET /plainly/../x");
  await keep("bad head", 400, "GET /plainly/plain", { "X Y": "1" });
  await keep("head too large", 431, "GET /plainly/plain", { "X-Large": "x".repeat(5000) });
  await keep("expectation", 417, "GET /plainly/plain", { Expect: "wonders" });
  await keep("not implemented", 501, "TRACE /plainly/plain");
  await keep("away", 503, "GET /away/plain");
  await keep("away, its stand-in", 200, "GET /instead/plain");
  await keep("too late", 504, "GET /plainly/slow");
  const preflight = { Origin: "http://a.example:81", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type" };
  await keep("preflight", 204, "OPTIONS /plainly/plain", preflight);
  await keep("preflight of another origin", 204, "OPTIONS /plainly/plain", { ...preflight, Origin: "https://foreign.example" });
  await keep("no further", 204, "OPTIONS /plainly/plain", { "Max-Forwards": "0" });
  await answers.judge((line) => t.diagnostic(line));
});

test("services' answers through the edge", async (t) => {
  const answers = new Answers();
  const keep = async (name, status, line, fields, options) => answers.add(name, status, await ask(line, fields, options));
  await keep("plain", 200, "GET /plainly/plain");
  await keep("to another origin", 200, "GET /plainly/plain", { Origin: "http://a.example:81" });
  for (const coding of ["zstd", "br", "gzip"]) {
    const coded = await keep(coding, 200, "GET /plainly/plain", { "Accept-Encoding": coding });
    assert.equal(field(coded, "content-encoding"), coding);
  }
  await keep("coded, HEAD", 200, "HEAD /plainly/plain", { "Accept-Encoding": "gzip" });
  await keep("coded as it comes", 200, "GET /plainly/live", { "Accept-Encoding": "gzip" });
  await keep("unchanged", 304, "GET /plainly/unchanged", { "If-None-Match": '"v1"' });
  await keep("a part", 206, "GET /plainly/part", { Range: "bytes=0-4" });
  await keep("moved", 301, "GET /plainly/moved");
  await keep("options", 204, "OPTIONS /plainly/options");
  await keep("events", 200, "GET /stream/events", { Accept: "text/event-stream" }, { enough: (all) => all.includes("data: 1") });
  await answers.judge((line) => t.diagnostic(line));
});

test("kept answers", async (t) => {
  const answers = new Answers();
  const keep = async (name, status, line, fields, options) => answers.add(name, status, await ask(line, fields, options));
  await keep("fetched", 200, "GET /kept/plain");
  await keep("kept", 200, "GET /kept/plain");
  await keep("kept, HEAD", 200, "HEAD /kept/plain");
  await keep("kept, coded", 200, "GET /kept/plain", { "Accept-Encoding": "br" });
  await keep("kept, unchanged", 304, "GET /kept/plain", { "If-None-Match": '"v1"' });
  await keep("kept, unchanged, coded", 304, "GET /kept/plain", { "If-None-Match": '"v1"', "Accept-Encoding": "br" });
  await keep("kept, a part", 206, "GET /kept/plain", { Range: "bytes=5-9" });
  await keep("kept, no such part", 416, "GET /kept/plain", { Range: "bytes=99999-" });
  await keep("not kept", 504, "GET /kept/live", { "Cache-Control": "only-if-cached" });
  await answers.judge((line) => t.diagnostic(line));
  // Each part says its own range, and the head must say none (RFC 9110, 15.3.7.2), which httplint does not know.
  const parts = await ask("GET /kept/plain", { Range: "bytes=0-4,10-14" });
  assert.match(field(parts, "content-type"), /^multipart\/byteranges; ?boundary=/);
  assert.equal(field(parts, "content-range"), undefined);
});

test("httplint sees an error where there is one", async () => {
  const answers = new Answers();
  answers.add("wrong", 200, await ask("GET /plainly/wrong"));
  await assert.rejects(answers.judge(() => {}), /wrong: field-etag/);
});
