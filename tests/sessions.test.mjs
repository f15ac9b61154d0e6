// Long polling through several edges behind a plain balancer, and the death of an instance. Kills programs, so nothing else may run
// beside it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { io } from "socket.io-client";
import { balancer } from "./support/balancer.mjs";
import { EDGE_URLS, dev, pidOf } from "./support/platform.mjs";
import { signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 60_000;
const CLIENTS = 12;
const UNKNOWN = "Session ID unknown";
const RECONNECTED_WITHIN = 2_000;

after(() => dev("start", "notifications"));

/** A client that polls, as it comes from the registry but for its transports. */
function poller(t, url, session, withCredentials) {
  const client = io(url, {
    path: "/notifications/socket.io",
    transports: ["polling"],
    forceNew: true,
    withCredentials,
    auth: { token: session.token },
    extraHeaders: { "x-forwarded-for": session.address },
  });
  t.after(() => client.close());
  const seen = { client, errors: [], left: [], came: [] };
  client.on("connect_error", (error) => seen.errors.push(error.message));
  client.on("disconnect", (why) => seen.left.push({ why, at: performance.now() }));
  client.on("connect", () => seen.came.push(performance.now()));
  return seen;
}

for (const withCredentials of [true, false]) {
  const name = withCredentials ? "with cookies" : "without cookies";
  test(`polls ${name} keep their session over all edges, and find another instance when theirs dies`, { timeout }, async (t) => {
    assert.equal(EDGE_URLS.length, 3);
    await dev("start", "notifications");
    const front = await balancer(t, EDGE_URLS);
    const session = await signUp();
    const all = Array.from({ length: CLIENTS }, () => poller(t, front.url, session, withCredentials));
    await until("all are connected", () => all.every(({ client }) => client.connected), { every: 10 });
    const ids = all.map(({ client }) => client.id);
    for (let round = 0; round < 8; round += 1) {
      const asked = all.map(({ client }) => client.timeout(5_000).emitWithAck("subscribe", session.user.id));
      for (const answer of await Promise.all(asked)) assert.deepEqual(answer, { ok: true });
    }
    assert.deepEqual(all.map(({ client }) => client.id), ids, "nobody had to begin anew");
    assert.deepEqual(all.flatMap(({ errors, left }) => [...errors, ...left]), []);
    assert.equal(front.heard(UNKNOWN), 0);

    // The one that was started again warms up first, so that it is the other one that holds most.
    const pid = await pidOf(withCredentials ? "notifications.1" : "notifications.2");
    const killed = performance.now();
    process.kill(pid, "SIGKILL");
    const isBack = ({ client, left, came }) => left.length === 0 || (client.connected && came.at(-1) > left[0].at);
    await until("those it held have left", () => all.some(({ left }) => left.length > 0), { within: RECONNECTED_WITHIN, every: 5 });
    // Whoever is at the other one does not notice; whoever does is back in time.
    await pause(Math.max(0, killed + RECONNECTED_WITHIN - performance.now()));
    assert.ok(all.every(isBack), JSON.stringify(all.map(({ left, came, errors }) => ({ left, came, errors, killed }))));
    const moved = all.filter(({ left }) => left.length > 0);
    for (const { left, came } of moved) {
      assert.equal(left.length, 1, "closed once");
      assert.ok(came.at(-1) - killed < RECONNECTED_WITHIN);
    }
    assert.equal(front.heard(UNKNOWN), 0, "nobody else was asked for a session that died");
    const last = Math.round(Math.max(...moved.map(({ came }) => came.at(-1))) - killed);
    t.diagnostic(`${moved.length} of ${CLIENTS} moved, the last after ${last} ms`);
    for (const { client } of all) {
      assert.deepEqual(await client.timeout(5_000).emitWithAck("subscribe", session.user.id), { ok: true });
    }
  });
}
