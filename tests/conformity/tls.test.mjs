// What scanners say of a listener with TLS as it is shipped: nothing of medium weight or more.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { certificates } from "./support/certificates.mjs";
import { freePort, startEdge } from "./support/edge.mjs";
import { ofPython, run } from "./support/run.mjs";

/** A scan is some hundred handshakes. */
const WITHIN = 600_000;
const HARMLESS = ["OK", "INFO", "LOW", "DEBUG"];
/** What it says of the OpenSSL that it runs itself. */
const OF_ITS_OWN = "engine_problem";

let pems;
let port;
let edge;

before(async () => {
  pems = await certificates();
  port = await freePort();
  edge = await startEdge({
    upstreams: { nobody: { targets: `127.0.0.1:${await freePort()}` } },
    routes: { all: { match: { path_prefix: "/" }, auth: "public", upstream: "nobody" } },
    https: {
      bind: `127.0.0.1:${port}`,
      hsts: { max_age: "365d" },
      tls: { certificates: [{ cert_file: pems.own, key_file: pems.key }] },
    },
  });
});

after(async () => {
  await edge?.stop();
  await pems?.forget();
});

test("sslyze finds it as Mozilla recommends it for servers of the public", { timeout: WITHIN }, async () => {
  const args = ["--mozilla_config", "intermediate", "--certinfo_ca_file", pems.authority, `localhost:${port}`];
  const { code, output } = await run(ofPython("sslyze"), args, { within: WITHIN });
  assert.equal(code, 0, output);
  assert.match(output, /OK - Compliant/);
});

test("testssl.sh finds nothing of medium weight", { timeout: WITHIN }, async () => {
  const report = join(dirname(pems.own), "testssl.json");
  const flags = ["--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1"];
  const args = [...flags, "--add-ca", pems.authority, "--jsonfile", report, `https://localhost:${port}/health`];
  const { output } = await run("testssl", args, { within: WITHIN });
  const findings = JSON.parse(await readFile(report, "utf8").catch(() => assert.fail(output)));
  const ids = new Set(findings.map(({ id }) => id));
  const bad = findings.filter(({ id, severity }) => !HARMLESS.includes(severity) && id !== OF_ITS_OWN);
  assert.deepEqual(bad, []);
  // From its first section to its last: it was not cut short.
  for (const id of ["TLS1_3", "cipher_order", "cert_chain_of_trust", "HSTS_time", "heartbleed", "RC4", "scanTime"]) {
    assert.ok(ids.has(id), `${id} is not among ${[...ids].join(" ")}`);
  }
});
