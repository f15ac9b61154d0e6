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

const ports = new Map();
let edge;

before(async () => {
  for (const name of names) ports.set(name, await freePort());
  const each = (value) => Object.fromEntries(names.map((name) => [name, value(name)]));
  edge = await startEdge({
    limits: { max_header: "16KiB" },
    upstreams: each((name) => ({ targets: `127.0.0.1:${ports.get(name)}` })),
    routes: each((name) => ({ match: { path_prefix: `/${name}` }, auth: "public", upstream: name, max_body: "1MiB" })),
  });
});

after(() => edge?.stop());

describe("proxy semantics", { concurrency: availableParallelism() * 2 }, () => {
  for (const name of names) {
    test(name, async () => {
      const macros = { edge: edge.address, origin: `127.0.0.1:${ports.get(name)}`, path: `/${name}` };
      const defined = Object.entries(macros).flatMap(([macro, value]) => ["-D", `${macro}=${value}`]);
      const { code, output } = await run("varnishtest", ["-t", "30", ...defined, `${FILES}${name}.vtc`]);
      assert.equal(code, 0, output);
    });
  }
});
