// A client of the platform: an address, a cookie jar, maybe a user.

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { CookieJar } from "./cookies.mjs";
import { EDGE_URL } from "./platform.mjs";

/** An address that no other client has, so that each has quotas of its own. */
export const freshAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;

/** A name that nobody has. */
export const freshName = (prefix = "u") => `${prefix}${randomBytes(6).toString("hex")}`;

export class Session {
  cookies = new CookieJar();
  address = freshAddress();
  user = null;
  token = null;

  /** `fetch` with this client's cookies and address; `path` may be an absolute address. */
  async fetch(path, { headers = {}, cookies = true, ...options } = {}) {
    const url = new URL(path, EDGE_URL);
    const all = { ...this.headers(url.pathname, cookies), ...headers };
    const response = await fetch(url, { redirect: "manual", ...options, headers: all });
    if (cookies) this.cookies.take(response);
    return response;
  }

  /** What makes a request this client's. */
  headers(path = "/", cookies = true) {
    const cookie = cookies ? this.cookies.header(path) : "";
    return { "x-forwarded-for": this.address, ...(cookie && { cookie }) };
  }

  /** Posts JSON. */
  post(path, body, options = {}) {
    const headers = { "content-type": "application/json", ...options.headers };
    return this.fetch(path, { method: "POST", body: JSON.stringify(body), ...options, headers });
  }

  /** Posts a GraphQL operation; the response's JSON. */
  async graphql(query, variables, options) {
    const response = await this.post("/graphql", { query, ...(variables && { variables }) }, options);
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  }

  /** A GraphQL operation that must have no errors; its data. */
  async ask(query, variables) {
    const { data, errors } = await this.graphql(query, variables);
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }

  /** A GraphQL operation with one root field whose payload must be a success; the payload. */
  async succeed(query, variables) {
    const [payload] = Object.values(await this.ask(query, variables));
    assert.equal(payload.success, true, JSON.stringify(payload));
    return payload;
  }

  /** The same, but the payload must be this failure. */
  async refused(code, field, query, variables) {
    const [payload] = Object.values(await this.ask(query, variables));
    assert.deepEqual({ success: payload.success, code: payload.code, field: payload.field }, { success: false, code, field });
    assert.ok(payload.message);
    return payload;
  }
}

/** A new user, signed in. */
export async function signUp(changes = {}) {
  const session = new Session();
  const username = freshName();
  session.account = { username, email: `${username}@test.com`, password: "Test123", fullName: "John Doe", ...changes };
  const response = await session.post("/api/auth/signup", session.account);
  const body = await response.json();
  assert.equal(response.status, 201, JSON.stringify(body));
  session.user = body.user;
  session.token = body.token;
  return session;
}

/** Checks an error of a REST route, and returns it. */
export async function problem(response, status, code, field) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/, text);
  const body = JSON.parse(text);
  assert.equal(body.code, code, text);
  assert.equal(body.status, status, text);
  assert.equal(body.success, false, text);
  assert.ok(body.message && body.title, text);
  assert.equal(body.field, field, text);
  return body;
}
