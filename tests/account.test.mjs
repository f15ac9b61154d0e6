// Signing up, in, on and out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { socket } from "./support/live.mjs";
import { EDGE_URLS, NOTIFICATIONS_URL } from "./support/platform.mjs";
import { Session, freshName, problem, signUp } from "./support/session.mjs";
import { until } from "./support/until.mjs";

const timeout = 60_000;

test("the README's sign-up, login and me", { timeout }, async () => {
  const username = freshName("john");
  const account = { username, email: `${username}@test.com`, password: "Test123", fullName: "John Doe" };
  const signedUp = await new Session().post("/api/auth/signup", account);
  assert.equal(signedUp.status, 201);
  const body = await signedUp.json();
  const user = { id: body.user.id, username, email: account.email, fullName: "John Doe", avatarUrl: null };
  assert.deepEqual(body, { success: true, user, token: body.token });
  assert.match(user.id, /^[1-9]\d*$/);

  const session = new Session();
  const login = await session.post("/api/auth/login", { email: account.email, password: "Test123" });
  assert.equal(login.status, 200);
  assert.deepEqual((await login.json()).user, user);
  assert.equal(login.headers.get("cache-control"), "no-store");

  const me = await session.fetch("/api/auth/me");
  assert.equal(me.status, 200);
  assert.deepEqual(await me.json(), { success: true, user });
});

test("cookies that scripts cannot read; the refresh token goes to auth alone", { timeout }, async () => {
  const session = await signUp();
  for (const [name, path] of [["access_token", "/"], ["refresh_token", "/api/auth"]]) {
    const { attributes } = session.cookies.get(name);
    assert.ok(attributes.includes("HttpOnly"), `${name}: ${attributes}`);
    assert.ok(attributes.includes("SameSite=Lax"), `${name}: ${attributes}`);
    assert.ok(attributes.includes(`Path=${path}`), `${name}: ${attributes}`);
  }
  assert.ok(!session.cookies.header("/graphql").includes("refresh_token"));
});

test("the token of the body works as a bearer", { timeout }, async () => {
  const session = await signUp();
  const me = await new Session().fetch("/api/auth/me", { headers: { authorization: `Bearer ${session.token}` } });
  assert.equal((await me.json()).user.id, session.user.id);
});

test("an unknown e-mail and a wrong password get the same answer", { timeout }, async () => {
  const { account } = await signUp();
  const wrong = await new Session().post("/api/auth/login", { email: account.email, password: "Test124" });
  const unknown = await new Session().post("/api/auth/login", { email: `${freshName()}@test.com`, password: "Test124" });
  const [a, b] = [await problem(wrong, 401, "INVALID_CREDENTIALS"), await problem(unknown, 401, "INVALID_CREDENTIALS")];
  delete a.request_id;
  delete b.request_id;
  assert.deepEqual(a, b);
});

test("an e-mail and a user name are taken once, whatever their case", { timeout }, async () => {
  const { account } = await signUp();
  const other = { ...account, username: freshName(), email: `${freshName()}@test.com` };
  const email = await new Session().post("/api/auth/signup", { ...other, email: account.email.toUpperCase() });
  await problem(email, 409, "EMAIL_TAKEN", "email");
  const name = await new Session().post("/api/auth/signup", { ...other, username: account.username.toUpperCase() });
  await problem(name, 409, "USERNAME_TAKEN", "username");
  // Nothing was half-written: both halves of the refused accounts are free.
  assert.equal((await new Session().post("/api/auth/signup", other)).status, 201);
});

test("of two sign-ups at once with one e-mail, one wins", { timeout }, async () => {
  const email = `${freshName()}@test.com`;
  const account = () => ({ username: freshName(), email, password: "Test123", fullName: "Twin" });
  const answers = await Promise.all([1, 2, 3].map(() => new Session().post("/api/auth/signup", account())));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
});

test("after logout the same token is refused at once, by every edge and by notifications itself", { timeout }, async (t) => {
  const session = await signUp();
  const kept = session.cookies.copy();
  const live = await socket(t, session);
  const bearer = { headers: { authorization: `Bearer ${session.token}` }, cookies: false };
  for (const edge of EDGE_URLS) assert.equal((await session.fetch(`${edge}/api/auth/me`, bearer)).status, 200);

  const logout = await session.post("/api/auth/logout", {});
  assert.equal(logout.status, 200);
  assert.equal((await logout.json()).success, true);
  assert.equal(session.cookies.header("/api/auth"), "", "both cookies are cleared");

  for (const edge of EDGE_URLS) {
    await problem(await session.fetch(`${edge}/api/auth/me`, bearer), 401, "TOKEN_REVOKED");
    const cookie = { headers: { cookie: kept.header("/api/auth") }, cookies: false };
    await problem(await session.fetch(`${edge}/api/auth/me`, cookie), 401, "TOKEN_REVOKED");
    const graphql = await session.post(`${edge}/graphql`, { query: "{ __typename }" }, bearer);
    assert.equal(graphql.status, 401);
  }
  const refresh = { headers: { cookie: kept.header("/api/auth") }, cookies: false, method: "POST" };
  await problem(await session.fetch("/api/auth/refresh", refresh), 401, "REFRESH_TOKEN_INVALID");
  const direct = { url: NOTIFICATIONS_URL, path: "/socket.io", headers: {}, auth: { token: session.token } };
  await assert.rejects(socket(t, session, direct), /TOKEN_REVOKED/);
  await until("the open socket ends with its session", () => live.client.disconnected);
});

test("logging out of one session leaves the others; `?all=true` does not", { timeout }, async () => {
  const first = await signUp();
  const login = async () => {
    const session = new Session();
    assert.equal((await session.post("/api/auth/login", { email: first.account.email, password: "Test123" })).status, 200);
    return session;
  };
  const [second, third] = [await login(), await login()];
  const stale = first.cookies.copy();
  await first.post("/api/auth/logout", {});
  assert.equal((await second.fetch("/api/auth/me")).status, 200);
  await second.post("/api/auth/logout?all=true", {});
  await problem(await third.fetch("/api/auth/me"), 401, "TOKEN_REVOKED");
  assert.ok(stale.get("access_token"));
});

test("refresh rotates, and a used refresh token ends the session's family", { timeout }, async () => {
  const session = await signUp();
  const old = session.cookies.copy();
  const refreshed = await session.fetch("/api/auth/refresh", { method: "POST" });
  assert.equal(refreshed.status, 200);
  const { token, user } = await refreshed.json();
  assert.equal(user.id, session.user.id);
  assert.notEqual(session.cookies.get("refresh_token").value, old.get("refresh_token").value);
  assert.equal((await session.fetch("/api/auth/me")).status, 200);

  const reused = { headers: { cookie: old.header("/api/auth") }, cookies: false, method: "POST" };
  await problem(await session.fetch("/api/auth/refresh", reused), 401, "REFRESH_TOKEN_INVALID");
  await problem(await session.fetch("/api/auth/refresh", { method: "POST" }), 401, "REFRESH_TOKEN_INVALID");
  const bearer = { headers: { authorization: `Bearer ${token}` }, cookies: false };
  await problem(await session.fetch("/api/auth/me", bearer), 401, "TOKEN_REVOKED");
});

test("a refresh without a token is refused", { timeout }, async () => {
  await problem(await new Session().fetch("/api/auth/refresh", { method: "POST" }), 401, "REFRESH_TOKEN_INVALID");
});

test("the signing keys are published", { timeout }, async () => {
  const response = await new Session().fetch("/.well-known/jwks.json");
  assert.equal(response.status, 200);
  const { keys } = await response.json();
  const session = await signUp();
  const { kid, alg } = JSON.parse(Buffer.from(session.token.split(".")[0], "base64url"));
  assert.equal(alg, "EdDSA");
  assert.ok(keys.some((key) => key.kid === kid && key.kty === "OKP" && key.crv === "Ed25519" && !key.d));
});

test("everybody may see a user's public profile, and no more of it", { timeout }, async () => {
  const { user } = await signUp();
  const response = await new Session().fetch(`/api/users/${user.id}`);
  assert.equal(response.status, 200);
  const { id, username, fullName, avatarUrl } = user;
  assert.deepEqual(await response.json(), { success: true, user: { id, username, fullName, avatarUrl } });
});

test("every service tells its health through the edge", { timeout }, async () => {
  for (const service of ["auth", "posts", "comments", "media", "notifications"]) {
    const response = await new Session().fetch(`/api/${service}/health`);
    assert.equal(response.status, 200, service);
    assert.deepEqual(await response.json(), { success: true, status: "ok", service });
  }
  assert.equal((await new Session().fetch("/health")).status, 200);
});
