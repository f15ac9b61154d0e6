// Autobahn's cases for WebSocket (RFC 6455), by kosoku: what an echo server passes when it is spoken to directly, it passes
// through the edge.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WebSocketServer } from "ws";
import { startEdge } from "./support/edge.mjs";
import { ofPython, run } from "./support/run.mjs";

// All but the limits and performance of 9, and compression (12, 13), which is between client and service.
const SECTIONS = ["1", "2", "3", "4", "5", "6", "7", "10"];
const CASES = 247;

let echo;
let edge;
let reports;

before(async () => {
  echo = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise((ready) => echo.once("listening", ready));
  echo.on("connection", (client) => {
    client.on("error", () => {});
    client.on("message", (data, binary) => client.send(data, { binary }));
  });
  edge = await startEdge({
    upstreams: { echo: { targets: `127.0.0.1:${echo.address().port}` } },
    routes: { echo: { match: { path_prefix: "/" }, auth: "public", upstream: "echo", streaming: "websocket" } },
  });
  reports = await mkdtemp(join(tmpdir(), "newfeed-autobahn-"));
});

after(async () => {
  await edge?.stop();
  for (const client of echo.clients) client.terminate();
  echo.close();
  if (reports) await rm(reports, { recursive: true });
});

/** What became of each case. */
async function autobahn(address, name) {
  const outdir = join(reports, name);
  const include = SECTIONS.flatMap((section) => ["-i", `${section}.*`]);
  const args = ["-m", "fuzzingclient", `ws://${address}/`, ...include, "-p", "8", "-o", outdir];
  const { output } = await run(ofPython("kosoku"), args);
  const index = await readFile(join(outdir, "index.json"), "utf8").catch(() => assert.fail(output));
  const [cases] = Object.values(JSON.parse(index));
  const verdict = ({ behavior, behaviorClose, remoteCloseCode }) => [behavior, behaviorClose, remoteCloseCode].join(", ");
  return Object.fromEntries(Object.entries(cases).map(([id, outcome]) => [id, verdict(outcome)]));
}

test("what passes directly passes through the edge", async () => {
  const direct = await autobahn(`127.0.0.1:${echo.address().port}`, "direct");
  const through = await autobahn(edge.address, "through");
  assert.equal(Object.keys(direct).length, CASES);
  assert.deepEqual(through, direct);
  const bad = Object.entries(through).filter(([, verdict]) => !/^(OK|NON-STRICT|INFORMATIONAL), (OK|INFORMATIONAL),/.test(verdict));
  assert.deepEqual(bad, []);
});
