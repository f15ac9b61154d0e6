// What operators do to edges: reloads, drains, handovers.

import { readFile } from "node:fs/promises";
import { ADMIN_URLS } from "./platform.mjs";
import { until } from "./until.mjs";

/** Asks one edge; the answer's JSON, whose status must be good. */
async function ask(admin, method, path, body) {
  const token = (await readFile(process.env.EDGE_ADMIN_TOKEN_FILE ?? ".run/admin.token", "utf8")).trim();
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  const answer = await fetch(`${admin}${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${admin}${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** All edges, one after the other. */
const each = async (act) => {
  const all = [];
  for (const admin of ADMIN_URLS) all.push(await act(admin));
  return all;
};

/** What each edge says of itself. */
export const statuses = () => each((admin) => ask(admin, "GET", "/status"));

/** All edges read their configuration again. One that has handed over takes nothing on any more: then its successor is asked. */
export const reload = () => each((admin) => until("a reload", () => ask(admin, "POST", "/reload"), { within: 20_000 }));

/** Another process takes over from each edge; returns once it answers. */
export const upgrade = () =>
  each(async (admin) => {
    const { pid } = await until("a handover", () => ask(admin, "POST", "/upgrade"), { within: 60_000, every: 500 });
    await until("the successor answers", async () => (await ask(admin, "GET", "/status")).pid === pid, { within: 30_000 });
  });

/** Keeps new requests from an instance at all edges, and waits until it has none. */
export async function drain(upstream, target) {
  const path = `/upstreams/${upstream}/targets/${target}/override`;
  await each((admin) => ask(admin, "PUT", path, { state: "drain", ttl: "2m" }));
  await until(`${target} has nothing to do`, async () => {
    const found = (await statuses()).map(({ upstreams }) => upstreams[upstream].targets.find(({ address }) => address === target));
    return found.every(({ requestsInFlight }) => requestsInFlight === 0);
  }, { within: 40_000 });
}

/** The instance takes requests again. */
export const undrain = (upstream, target) => each((admin) => ask(admin, "DELETE", `/upstreams/${upstream}/targets/${target}/override`));
