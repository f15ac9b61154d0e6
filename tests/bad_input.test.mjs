// What is wrong gets its own status and code, names the field, and leaves nothing behind.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import * as feed from "./support/feed.mjs";
import { Session, freshName, problem, signUp } from "./support/session.mjs";

const timeout = 60_000;
const JSON_TYPE = { "content-type": "application/json" };

const account = () => {
  const username = freshName();
  return { username, email: `${username}@test.com`, password: "Test123", fullName: "John Doe" };
};

test("bodies that are no JSON, of another type, or too large", { timeout }, async () => {
  const send = (body, headers = JSON_TYPE) => new Session().fetch("/api/auth/signup", { method: "POST", headers, body });
  await problem(await send('{"username":'), 400, "MALFORMED_JSON");
  await problem(await send(""), 400, "MALFORMED_JSON");
  await problem(await send(JSON.stringify(account()), { "content-type": "text/plain" }), 415, "UNSUPPORTED_MEDIA_TYPE");
  await problem(await send(JSON.stringify({ ...account(), fullName: "x".repeat(2_000_000) })), 413, "BODY_TOO_LARGE");
});

test("fields that are unknown, missing, of a wrong type or out of range", { timeout }, async () => {
  const send = (changes) => new Session().post("/api/auth/signup", { ...account(), ...changes });
  await problem(await send({ admin: true }), 400, "UNKNOWN_FIELD", "admin");
  for (const [field, values] of Object.entries({
    username: [undefined, 7, null, "", "ab", "with space", "x".repeat(31)],
    email: [undefined, 7, "nobody", "a@b", ""],
    password: [undefined, 7, "12345", "x".repeat(73)],
    fullName: [undefined, [], "", "x".repeat(101)],
  })) {
    for (const value of values) await problem(await send({ [field]: value }), 400, "VALIDATION_FAILED", field);
  }
});

test("what is refused leaves nothing behind", { timeout }, async () => {
  const wanted = account();
  await problem(await new Session().post("/api/auth/signup", { ...wanted, fullName: "" }), 400, "VALIDATION_FAILED", "fullName");
  assert.equal((await new Session().post("/api/auth/signup", wanted)).status, 201);
});

test("inputs of posts and comments", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const posts = [
    [{ content: "" }, "content"],
    [{ content: "x".repeat(5_001) }, "content"],
    [{ content: "x", postType: "POEM" }, "postType"],
    [{ content: "x", mediaUrls: ["javascript:alert(1)"] }, "mediaUrls"],
    [{ content: "x", mediaUrls: Array(11).fill("https://example.com/a.png") }, "mediaUrls"],
  ];
  for (const [input, field] of posts) await ann.refused("VALIDATION_FAILED", field, feed.createPostQuery, { input });
  await ann.refused("VALIDATION_FAILED", "content", feed.createCommentQuery, { input: { postId, content: " " } });
  await ann.refused("VALIDATION_FAILED", "id", feed.likePostQuery, { id: "seven" });
  await ann.refused("VALIDATION_FAILED", "postId", feed.createCommentQuery, { input: { postId: "seven", content: "x" } });
  await ann.refused("VALIDATION_FAILED", "limit", feed.getPostsQuery, { input: { limit: 0 } });
  await ann.refused("VALIDATION_FAILED", "limit", feed.getCommentsQuery, { postId, limit: 100_000 });
  assert.deepEqual(await feed.commentsOf(ann, postId), []);
});

test("cursors that no list made, or another one", { timeout }, async () => {
  const ann = await signUp();
  const { id: postId } = await feed.createPost(ann);
  const { pageInfo } = await ann.succeed(feed.getPostsQuery, { input: { limit: 1 } });
  for (const cursor of ["nonsense", "%%%", Buffer.from("x:1").toString("base64url")]) {
    await ann.refused("INVALID_CURSOR", "cursor", feed.getPostsQuery, { input: { cursor } });
  }
  for (const cursor of ["nonsense", pageInfo.endCursor]) {
    await ann.refused("INVALID_CURSOR", "cursor", feed.getCommentsQuery, { postId, cursor });
    await problem(await ann.fetch(`/api/notifications?cursor=${cursor}`), 400, "INVALID_CURSOR", "cursor");
  }
});

test("ids of nothing", { timeout }, async () => {
  const ann = await signUp();
  const id = "999999999999";
  for (const query of [feed.getPostQuery, feed.likePostQuery, feed.unlikePostQuery, feed.deletePostQuery, feed.deleteCommentQuery]) {
    await ann.refused("NOT_FOUND", null, query, { id });
  }
  await problem(await ann.fetch(`/api/users/${id}`), 404, "NOT_FOUND");
  await problem(await ann.fetch("/media/nothing.png"), 404, "NOT_FOUND");
});

test("tokens that are nonsense, unsigned or signed by somebody else", { timeout }, async () => {
  const { token } = await signUp();
  const [head, claims, signature] = token.split(".");
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const decoded = JSON.parse(Buffer.from(claims, "base64url"));
  const { privateKey } = generateKeyPairSync("ed25519");
  const foreign = sign(null, Buffer.from(`${head}.${claims}`), privateKey).toString("base64url");
  const bad = [
    "nonsense",
    "a.b.c",
    `${encode({ alg: "none", typ: "JWT" })}.${claims}.`,
    `${head}.${claims}.${foreign}`,
    `${head}.${encode({ ...decoded, sub: "1", role: "admin" })}.${signature}`,
    `${encode({ alg: "EdDSA", kid: "unknown" })}.${claims}.${signature}`,
    token.slice(0, -2),
  ];
  for (const wrong of bad) {
    const bearer = { headers: { authorization: `Bearer ${wrong}` } };
    const cookie = { headers: { cookie: `access_token=${wrong}` } };
    for (const way of [bearer, cookie]) {
      await problem(await new Session().fetch("/api/auth/me", way), 401, "TOKEN_INVALID");
      const response = await new Session().post("/graphql", { query: "{ __typename }" }, way);
      assert.equal(response.status, 401, wrong);
    }
  }
});

test("forged identity from outside is ignored", { timeout }, async () => {
  const [ann, ben] = await Promise.all([signUp(), signUp()]);
  const { id } = await feed.createPost(ann, "mine");
  const forged = {
    "x-user-id": ann.user.id,
    "x-user-name": ann.user.username,
    "x-user-role": "admin",
    "x-session-id": "forged",
    "x-service-token": "edge.forged",
  };
  await problem(await new Session().fetch("/api/auth/me", { headers: forged }), 401, "UNAUTHENTICATED");
  const asBen = await ben.fetch("/api/auth/me", { headers: forged });
  assert.equal((await asBen.json()).user.id, ben.user.id);
  for (const [session, code] of [[new Session(), "UNAUTHENTICATED"], [ben, "FORBIDDEN"]]) {
    const { data } = await session.graphql(feed.deletePostQuery, { id }, { headers: forged });
    assert.equal(data.deletePost.code, code);
  }
  assert.equal((await feed.getPost(ann, id)).content, "mine");
});

test("what is inside stays inside", { timeout }, async () => {
  const ann = await signUp();
  for (const path of ["/internal/users?ids=1", "/internal/posts/1", "/api/auth/../../internal/users?ids=1", "/%69nternal/users?ids=1", "/nothing"]) {
    const response = await ann.fetch(path, { headers: { "x-service-token": "edge.forged" } });
    assert.equal(response.status, 404, path);
    assert.equal((await response.json()).code, "ROUTE_NOT_FOUND", path);
  }
});

test("methods that a path does not have", { timeout }, async () => {
  const response = await new Session().fetch("/graphql", { method: "DELETE" });
  assert.ok(response.headers.get("allow").includes("POST"));
  await problem(response, 405, "METHOD_NOT_ALLOWED");
});

test("another site's page cannot act with a visitor's cookies", { timeout }, async () => {
  const ann = await signUp();
  const { id } = await feed.createPost(ann);
  const foreign = { headers: { origin: "https://evil.example" } };
  const response = await ann.post("/graphql", { query: feed.deletePostQuery, variables: { id } }, foreign);
  assert.equal(response.status, 403);
  assert.equal((await response.json()).code, "CROSS_SITE_REQUEST");
  const form = { method: "POST", headers: { "content-type": "text/plain" }, body: JSON.stringify({ query: feed.deletePostQuery, variables: { id } }) };
  assert.equal((await ann.fetch("/graphql", form)).status, 415, "a plain form is no GraphQL request");
  assert.equal((await feed.getPost(ann, id)).id, id);
});

test("every answer of the edge can be found in its log", { timeout }, async () => {
  const refused = await problem(await new Session().fetch("/nothing"), 404, "ROUTE_NOT_FOUND");
  const response = await new Session().fetch("/api/auth/health");
  assert.ok(refused.request_id);
  assert.ok(response.headers.get("x-request-id"));
});
