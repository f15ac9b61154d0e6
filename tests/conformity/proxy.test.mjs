// What RFC 9110 and 9112 ask of a proxy, in varnishtest's files (`vtc/`): each plays the client and the service, byte by byte.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, startEdge } from "./support/edge.mjs";
import { run } from "./support/run.mjs";

const FILES = fileURLToPath(new URL("vtc/", import.meta.url));
const names = (await readdir(FILES)).filter((file) => file.endsWith(".vtc")).map((file) => basename(file, ".vtc"));

// Where a second instance may be asked, and where answers stay open, the edge does by itself what Pingora does elsewhere.
const ROADS = { plain: {}, hedged: { hedge: { after: "10s" } }, open: { streaming: "websocket" } };
/** What is about answers to GET, the only ones that go these ways. Their connections to services are others than those of all else. */
const ELSEWHERE = /^(response_|body_behind_no|truncated_|broken_|no_body|chunked_response|connection_fields|upgrade_unasked|close)/;
const runs = Object.keys(ROADS).flatMap((road) =>
  names.filter((name) => road === "plain" || ELSEWHERE.test(name)).map((name) => ({ road, name, id: `${road}_${name}` })),
);

let edge;

before(async () => {
  for (const one of runs) one.origin = `127.0.0.1:${await freePort()}`;
  const each = (value) => Object.fromEntries(runs.map((one) => [one.id, value(one)]));
  edge = await startEdge({
    limits: { max_header: "16KiB" },
    upstreams: each(({ origin }) => ({ targets: origin })),
    routes: each(({ id, road }) => ({ match: { path_prefix: `/${id}` }, auth: "public", upstream: id, max_body: "1MiB", ...ROADS[road] })),
  });
});

after(() => edge?.stop());

for (const road of Object.keys(ROADS)) {
  describe(`proxy semantics, ${road}`, { concurrency: availableParallelism() * 2 }, () => {
    for (const one of runs.filter((one) => one.road === road)) {
      test(one.name, async () => {
        const macros = { edge: edge.address, origin: one.origin, path: `/${one.id}` };
        const defined = Object.entries(macros).flatMap(([macro, value]) => ["-D", `${macro}=${value}`]);
        const { code, output } = await run("varnishtest", ["-t", "30", ...defined, `${FILES}${one.name}.vtc`]);
        assert.equal(code, 0, output);
      });
    }
  });
}
