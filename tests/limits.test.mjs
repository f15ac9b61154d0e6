// Quotas. Restarts the edge, so nothing else may run beside it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_URL, dev } from "./support/platform.mjs";
import { Session, problem, signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 120_000;
const QUOTA = 100;

/** Requests that count, whatever their answer is. */
const ask = async (session, at) => {
  const response = at % 2 ? await session.fetch("/api/users/999999999999") : await session.post("/graphql", { query: "{ __typename }" });
  await response.arrayBuffer();
  return response.status;
};

async function spend(session) {
  for (let at = 0; at < QUOTA; at += 1) assert.equal(await ask(session, at), at % 2 ? 404 : 200, `request ${at + 1}`);
}

async function limited(session, options) {
  const response = await session.post("/graphql", { query: "{ __typename }" }, options);
  const after = Number(response.headers.get("retry-after"));
  assert.ok(Number.isInteger(after) && after > 0 && after <= 15 * 60, `Retry-After: ${response.headers.get("retry-after")}`);
  await problem(response, 429, "RATE_LIMITED");
}

test("the 101st anonymous request in 15 minutes is refused, also after the edge was restarted", { timeout }, async () => {
  const nobody = new Session();
  await spend(nobody);
  await limited(nobody);
  const badToken = { headers: { authorization: "Bearer nonsense" } };
  await limited(nobody, badToken);

  assert.equal((await nobody.fetch("/api/auth/health")).status, 200, "health is free");
  assert.equal((await nobody.fetch("/.well-known/jwks.json")).status, 200, "keys are free");
  assert.equal(await ask(new Session(), 0), 200, "another address has its own");

  await dev("restart", "edge");
  await until("the edge is back", async () => (await fetch(`${EDGE_URL}/health`)).ok);
  await limited(nobody);
});

test("a signed-in user is not held to the address's quota", { timeout }, async () => {
  const ann = await signUp();
  const nobody = new Session();
  nobody.address = ann.address;
  while ((await ask(nobody, 0)) === 200);
  await limited(nobody);
  assert.equal((await ann.fetch("/api/auth/me")).status, 200);
});

test("many requests at once are counted exactly", { timeout }, async () => {
  const nobody = new Session();
  const statuses = [];
  const client = async () => {
    while (statuses.length < QUOTA + 50) statuses.push(await ask(nobody, 0));
  };
  await Promise.all(Array.from({ length: 8 }, client));
  assert.equal(statuses.filter((status) => status === 200).length, QUOTA);
  assert.equal(statuses.filter((status) => status === 429).length, statuses.length - QUOTA);
});
