// Reloads, handovers and rolling restarts under load: no request fails, and sockets part in good order. Restarts programs, so nothing else
// may run beside it. `TEST_FULL=1` makes it as long as it is meant to be: 500 sockets, 50 reloads, 5 handovers, all services, a minute.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { balancer } from "./support/balancer.mjs";
import * as feed from "./support/feed.mjs";
import { Load, Sockets } from "./support/load.mjs";
import { drain, reload, statuses, undrain, upgrade } from "./support/operator.mjs";
import { EDGE_URLS, dev } from "./support/platform.mjs";
import { signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const FULL = Boolean(process.env.TEST_FULL);
const SHORT = { sockets: 100, streams: 10, reloads: 10, upgrades: 2, seconds: 15, spread: 2, services: ["comments", "notifications"] };
const LONG = {
  ...SHORT,
  ...{ sockets: 500, streams: 50, reloads: 50, upgrades: 5, seconds: 60, spread: 5 },
  services: ["auth", "posts", "media", "comments", "notifications"],
};
const PLAN = FULL ? LONG : SHORT;
const SCALE = PLAN.services.map((service) => `${service}=2`).join(",");
const CONFIG = fileURLToPath(new URL("edge.yaml", import.meta.url));

/** A copy of the edges' configuration that may be changed. */
async function ownConfig(t) {
  const folder = await mkdtemp(join(tmpdir(), "newfeed-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "edge.yaml");
  const text = (await readFile(CONFIG, "utf8")).replace("redis: {", `drain: { spread: ${PLAN.spread}s }\nredis: {`);
  const write = (turn) => writeFile(file, text.replace("refresh: 10m", `refresh: ${10 + turn}m`).replace("timeout: 800ms", `timeout: ${800 + turn}ms`));
  await write(0);
  return { file, write };
}

/** Sockets that an event closed are closed one by one. */
function areSpread(deed, closes) {
  if (closes.length < 20) return;
  const stretch = (PLAN.spread * 1000) / 4;
  const most = Math.max(...closes.map(({ at }) => closes.filter((other) => other.at >= at && other.at < at + stretch).length));
  assert.ok(most <= closes.length * 0.6, `${deed}: ${most} of ${closes.length} within ${stretch} ms`);
}

test("reloads, handovers and rolling restarts cost no request, and each socket parts in good order", { timeout: 300_000 }, async (t) => {
  const config = await ownConfig(t);
  await dev("up", "--detach", "--scale", SCALE, "--config", config.file);
  t.after(() => dev("up", "--detach", "--config", CONFIG));
  const [ann, front] = [await signUp(), await balancer(t, EDGE_URLS)];
  const { id: postId } = await feed.createPost(ann);
  const headers = { ...ann.headers(), authorization: `Bearer ${ann.token}` };
  delete headers.cookie;
  const graphql = (query, variables) => ({
    ...{ method: "POST", path: "/graphql", headers: { ...headers, "content-type": "application/json" } },
    body: JSON.stringify({ query, variables }),
  });
  const asks = [
    { path: "/api/auth/me", headers },
    graphql(`{ getPosts(input: { limit: 5 }) { success } getComments(postId: ${postId}) { success } }`),
    { path: "/api/notifications", headers },
    { path: "/api/media/health", headers },
    graphql(feed.createCommentQuery, { input: { postId, content: "on and on" } }),
  ];
  const load = new Load(front.url);
  for (let client = 0; client < 3; client += 1) load.http1(asks, true);
  load.http1(asks, false);
  for (let client = 0; client < 2; client += 1) load.http2(asks);
  for (let client = 0; client < PLAN.streams; client += 1) load.events(`/api/sse/comments/${postId}`, headers);
  const sockets = new Sockets(front.url, ann.token, ann.headers("/", false), PLAN.sockets);
  t.after(() => sockets.stop());
  const allJoined = () => until("all sockets are joined", () => sockets.joined() === PLAN.sockets, { within: 20_000 });
  await allJoined();

  const began = performance.now();
  const deeds = [];
  const does = async (name, act) => {
    const deed = { name, from: performance.now(), first: sockets.closes.length };
    await act();
    // What an edge that handed over has open goes within this time.
    if (name.startsWith("upgrade")) await pause(PLAN.spread * 1000 + 250);
    deed.closes = sockets.closes.slice(deed.first);
    deeds.push(deed);
  };
  const reloads = (async () => {
    for (let turn = 1; turn <= PLAN.reloads; turn += 1) {
      await config.write(turn);
      for (const { outcome, errors } of await reload()) {
        // The edges look at the file themselves too.
        assert.ok(["applied", "unchanged"].includes(outcome), JSON.stringify(errors));
      }
      await pause((PLAN.seconds * 1000) / PLAN.reloads / 2);
    }
  })();
  const restart = async (service) => {
    const [{ upstreams }] = await statuses();
    for (const [at, { address }] of upstreams[service].targets.entries()) {
      await does(`drain ${service} ${address}`, () => drain(service, address));
      await dev("restart", `${service}.${at + 1}`);
      await undrain(service, address);
      const isWell = async () => (await statuses()).every(({ upstreams }) => upstreams[service].targets.every(({ healthy }) => healthy));
      await until(`${service} is well again`, isWell);
    }
  };
  for (let turn = 0; turn < Math.max(PLAN.upgrades, PLAN.services.length); turn += 1) {
    if (turn < PLAN.upgrades) await does(`upgrade ${turn + 1}`, upgrade);
    if (turn < PLAN.services.length) await restart(PLAN.services[turn]);
  }
  await reloads;
  await pause(Math.max(0, began + PLAN.seconds * 1000 - performance.now()));
  await allJoined();
  await load.stop();

  const statusesSeen = [...new Set(sockets.closes.map(({ status }) => status))].sort();
  t.diagnostic(`${Math.round((performance.now() - began) / 1000)} s, answers ${JSON.stringify(load.answers)}, ${sockets.closes.length} closes with ${statusesSeen}`);
  assert.deepEqual(load.failures, []);
  assert.deepEqual(sockets.failures, []);
  assert.ok(sockets.closes.length >= PLAN.sockets, "handovers close all");
  assert.deepEqual(statusesSeen.filter((status) => ![1001, 1012].includes(status)), []);
  for (const kind of ["h1", "h1 close", "h2"]) assert.ok(load.answers[kind] > 50, JSON.stringify(load.answers));
  for (const { name, closes } of deeds) {
    areSpread(name, closes);
    if (!name.startsWith("drain")) continue;
    const moved = closes.filter(({ status }) => status === 1012).map(({ client }) => client);
    assert.equal(new Set(moved).size, moved.length, `${name}: a socket was moved twice`);
  }
});
