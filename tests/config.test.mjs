import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("the edge under test is configured as the shipped one, but for trusted proxies", async () => {
  const lines = async (path) => (await readFile(new URL(path, import.meta.url), "utf8")).split("\n");
  const [shipped, tested] = await Promise.all([lines("../conf/edge.yaml"), lines("edge.yaml")]);
  const different = tested.slice(1).filter((line, at) => line !== shipped[at]);
  assert.deepEqual(different, ['trusted_proxies: [127.0.0.1/32, "::1/128"]']);
  assert.equal(tested.length, shipped.length + 1);
});
